"""Arrays for the tests of bnn-run on the dense program: arrays.py FOLDER writes x.npy, y.npy, labels.npy and wrong ones."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def save(name: str, array: np.ndarray) -> None:
    np.save(folder / f"{name}.npy", array)


rng = np.random.default_rng(0)
x = rng.choice([-1.0, 1.0], (6, 40)).astype(np.float32)
save("x", x)
save("double", x.astype(np.float64))
save("int8", x.astype(np.int8))
save("one", x[:1])
save("extra-axis", x[:, None, :])
save("zeros", np.zeros((2, 40), np.float32))
save("inexact", np.full((2, 40), 0.1))
save("none", x[:0])
save("wide", np.ones((2, 41), np.float32))
save("complex", x.astype(np.complex64))
save("large-int16", np.full((2, 40), 300, np.int16))
for name in ("float16", "int16", "int32", "int64"):
    save(name, x.astype(name))
    save(f"{name}-big-endian", x.astype(np.dtype(name).newbyteorder(">")))
save("bare", x[0])
save("fortran", np.asfortranarray(x))
save("labels", np.arange(6) % 3)
save("few-labels", np.arange(5))
np.savez(folder / "archive.npz", x=x)
(folder / "text.npy").write_text("not an array")
(folder / "cut.npy").write_bytes((folder / "x.npy").read_bytes()[:-1])
descr = (folder / "x.npy").read_bytes().replace(b"'<f4'", b"'<\x1b[31m\nerror: b'").replace(b" " * 13 + b"\n", b"\n")
(folder / "descr.npy").write_bytes(descr)
