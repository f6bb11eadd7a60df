"""Write FOLDER/input.npy and output.npy: random inputs (normal, times 20) and ONNX Runtime's answers to them.

Usage: reference.py MODEL.onnx FOLDER [WINDOWS]"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime


def main() -> None:
    model, folder = sys.argv[1], Path(sys.argv[2])
    windows = int(sys.argv[3]) if len(sys.argv) > 3 else 16
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (graph_input,) = session.get_inputs()
    shape = [windows, *graph_input.shape[1:]]
    x = (20 * np.random.default_rng(1).standard_normal(shape)).astype(np.float32)
    y = np.concatenate([session.run(None, {graph_input.name: x[i : i + 1]})[0] for i in range(windows)])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "input.npy", x)
    np.save(folder / "output.npy", y)


if __name__ == "__main__":
    main()
