"""Classify all 7,740 windows of the ECG-5 set by ONNX Runtime and, if asked, by a compiled program; count equal classes."""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import ecg5_data
from qonnx_twin import standard_twin


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(standard_twin(model).SerializeToString(), options, providers=["CPUExecutionProvider"])


def graph_input(model: onnx.ModelProto, windows: np.ndarray) -> np.ndarray:
    """Windows (n x 3600, z-scored) in the type of the graph's input, n x 1 x 3600."""
    elem = model.graph.input[0].type.tensor_type.elem_type
    x = ecg5_data.quantize(windows) if elem == onnx.TensorProto.INT8 else windows
    return np.ascontiguousarray(x[:, None])


def reference(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    """ONNX Runtime's output for each window, one at a time as the graphs' static shapes want it."""
    run, name = session(model), model.graph.input[0].name
    return np.concatenate([run.run(None, {name: x[i : i + 1]})[0] for i in range(len(x))])


def compiled(bnn_run: Path, program: Path, x: np.ndarray, device: str) -> np.ndarray:
    """Output of the compiled program, by bnn-run."""
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "input.npy"), Path(folder, "output.npy")
        np.save(source, x)
        command = [bnn_run, program, f"--input={source}", f"--output={result}", f"--device={device}"]
        subprocess.run(list(map(str, command)), check=True)
        return np.load(result).reshape(len(x), -1)


def report(name: str, classes: np.ndarray, labels: np.ndarray, rows: list[dict]) -> None:
    print(f"{name}: {np.mean(classes == labels):.4f} of all {len(labels)} windows")
    for kind in ("random", "patient"):
        for part, index in zip(("train", "test"), ecg5_data.split(rows, kind), strict=True):
            print(f"  {kind} {part}: {np.mean(classes[index] == labels[index]):.4f} of {len(index)}")
    recall = [np.mean(classes[labels == c] == c) for c in range(5)]
    print("  recall " + " ".join(f"{c} {r:.3f}" for c, r in zip(ecg5_data.CLASSES, recall, strict=True)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder with model.onnx")
    parser.add_argument("--data", type=Path, default=ecg5_data.DEFAULT_DATA, help="folder that holds mitdb/")
    parser.add_argument("--program", type=Path, help="the model compiled by bnncc (.bnn)")
    parser.add_argument("--bnn-run", type=Path, default=Path("build/bin/bnn-run"))
    parser.add_argument("--device", default="sim")
    parser.add_argument("--limit", type=int, help="only the first so many windows (a quick look)")
    args = parser.parse_args()

    windows, labels, rows = ecg5_data.load(args.data)
    model = onnx.load(args.model / "model.onnx")
    x = graph_input(model, windows)[: args.limit]
    expected = reference(model, x)
    if args.limit is None:
        report("ONNX Runtime", expected.argmax(1), labels, rows)
    if args.program is None:
        return 0
    scores = compiled(args.bnn_run, args.program, x, args.device)
    if args.limit is None:
        report("compiled program", scores.argmax(1), labels, rows)
    equal = int(np.sum(scores.argmax(1) == expected.argmax(1)))
    print(f"equal classes: {equal} of {len(x)}")
    print(f"largest difference of a score: {np.abs(scores - expected).max():.3g}")
    return 0 if equal == len(x) else 1


if __name__ == "__main__":
    raise SystemExit(main())
