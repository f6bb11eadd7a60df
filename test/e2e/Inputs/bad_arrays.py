"""Write into FOLDER the arrays that npy.test must see refused by a network that takes float32 N x 1 x 16."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
good = np.zeros((2, 1, 16), np.float32)
np.save(folder / "shape.npy", np.zeros((2, 1, 17), np.float32))
np.save(folder / "type.npy", good.astype(np.complex64))
np.save(folder / "value.npy", np.full(good.shape, 0.1, np.float64))  # 0.1 is no float32
np.save(folder / "none.npy", good[:0])
np.save(folder / "nan.npy", np.full_like(good, np.nan))
np.save(folder / "cut.npy", good)
(folder / "cut.npy").write_bytes((folder / "cut.npy").read_bytes()[:-4])
(folder / "text.npy").write_text("1.0 2.0 3.0\n")
