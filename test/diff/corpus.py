"""Write models to mutate: corpus.py FOLDER [COUNT=200]   random small networks and the smaller ones of models/."""

import shutil
import sys
from pathlib import Path

import nets
import onnx

LARGEST = 40_000  # bytes


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for index in range(count):
        onnx.save(nets.build(0, index).model, folder / f"random{index:04}.onnx")
    for path in sorted((Path(__file__).resolve().parents[2] / "models").glob("*/model.onnx")):
        if path.stat().st_size <= LARGEST:
            shutil.copy(path, folder / f"{path.parent.name}.onnx")


if __name__ == "__main__":
    main()
