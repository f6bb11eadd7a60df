"""Writes a network whose float first layer ONNX Runtime decides otherwise in one bit: float_first.py FOLDER.

model.onnx, input.npy, ONNX Runtime's output.npy, and place.txt: the bit, as bnn-run names it. The window with the bit is
searched: its last sample makes the exact sum as small as float32 samples allow, so that the runtime's rounded sum may come
out on the other side of 0."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CHANNELS, TAPS, POSITIONS, WINDOWS = 4, 5, 12, 6
random = np.random.default_rng(3)
weights = random.standard_normal((CHANNELS, 1, TAPS)).astype(np.float32)
bias = random.standard_normal(CHANNELS).astype(np.float32)


def model(until_sums: bool) -> onnx.ModelProto:
    tensors = {
        "weights": weights,
        "bias": bias,
        "zero": np.float32(0),
        "plus": np.float32(1),
        "minus": np.float32(-1),
        "last": np.where(random.standard_normal((5, CHANNELS, 3)) > 0, 1, -1).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "weights", "bias"], ["sum"], name="float", strides=[TAPS]),
        helper.make_node("GreaterOrEqual", ["sum", "zero"], ["above"], name="above"),
        helper.make_node("Where", ["above", "plus", "minus"], ["bit"], name="bit"),
        helper.make_node("Conv", ["bit", "last"], ["scores"], name="last"),
        helper.make_node("ReduceMean", ["scores"], ["y"], name="mean", axes=[2], keepdims=0),
    ]
    if until_sums:
        nodes, tensors = nodes[:1], {name: tensors[name] for name in ("weights", "bias")}
    output, shape = ("sum", (1, CHANNELS, POSITIONS)) if until_sums else ("y", (1, 5))
    graph = helper.make_graph(
        nodes,
        "float-first",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, TAPS * POSITIONS))],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def exact(x: np.ndarray, channel: int, position: int) -> Fraction:
    taps = x[position * TAPS : (position + 1) * TAPS]
    return Fraction(float(bias[channel])) + sum(
        Fraction(float(a)) * Fraction(float(b)) for a, b in zip(taps, weights[channel, 0], strict=True)
    )


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    full, sums = model(False), onnxruntime.InferenceSession(model(True).SerializeToString())
    x = random.standard_normal((WINDOWS, 1, TAPS * POSITIONS)).astype(np.float32)
    window, channel, position = 4, 2, 7
    while True:
        own = x[window, 0]
        own[position * TAPS : (position + 1) * TAPS] = random.standard_normal(TAPS)
        last = (position + 1) * TAPS - 1
        rest = exact(np.where(np.arange(own.size) == last, 0, own).astype(np.float32), channel, position)
        own[last] = float(-rest / Fraction(float(weights[channel, 0, -1])))
        value = exact(own, channel, position)
        rounded = sums.run(None, {"x": x[window : window + 1]})[0][0, channel, position]
        if value != 0 and (rounded >= 0) != (value >= 0):
            break
    session = onnxruntime.InferenceSession(full.SerializeToString())
    onnx.save(full, folder / "model.onnx")
    np.save(folder / "input.npy", x)
    np.save(folder / "output.npy", np.concatenate([session.run(None, {"x": row[None]})[0] for row in x]))
    (folder / "place.txt").write_text(
        f"window {window}, channel {channel}, row 0, position {position} (exactly {float(value):.17g}, threshold 0"
    )


if __name__ == "__main__":
    main()
