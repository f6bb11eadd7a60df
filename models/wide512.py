"""Write a wide ECG network with random weights, real windows and ONNX Runtime's outputs for them.

Usage: wide512.py FOLDER [--channels=32,64,128,256,512] [--windows=16] [--seed=1]

The six blocks of ecg5 (pad 5 with -1, binary convolution k7, max-pool 7/2, PReLU, batch normalisation, sign; the sixth without
sign; sum over time) with other numbers of channels: 1.2 Mbit of weights and 201 M binary MAC as it stands. It is not trained:
it measures a machine on layers that fill it, and needs more weights than most targets hold. No value before a sign can be
zero: sums are even numbers (of input steps: whole numbers), and the means they are compared with lie between them."""

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

INPUT_SCALE = 1 / 16
CLASSES, WINDOW, KERNEL, POOL = 5, 3600, 7, 7
EPS = np.float32(2.0**-17)  # with a variance of 1 - EPS batch normalisation divides by 1
SLOPE = np.float32(0.25)


def build(channels: list[int], random: np.random.Generator) -> onnx.ModelProto:
    nodes, constants = [], {}

    def const(name: str, value) -> str:
        constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def op(kind: str, inputs: list[str], name: str, **attributes) -> str:
        nodes.append(helper.make_node(kind, inputs, [name + "_output_0"], name, **attributes))
        return name + "_output_0"

    grid = [const("input_scale", np.float32(INPUT_SCALE)), const("input_zero_point", np.int8(0))]
    x = op("QuantizeLinear", ["input", *grid], "/input_quant/QuantizeLinear")
    x = op("DequantizeLinear", [x, *grid], "/input_quant/DequantizeLinear")
    pads = const("pads", np.array([0, 0, 5, 0, 0, 5], np.int64))
    minus, unit = const("pad_value", np.float32(-1)), const("unit_scale", np.float32(1))
    before = 1
    for block, after in enumerate([*channels, CLASSES], 1):
        layer, last = f"/block{block}", block > len(channels)
        weight = const(f"block{block}.weight", random.choice(np.array([-1, 1], np.int8), (after, before, KERNEL)))
        weight = op("DequantizeLinear", [weight, unit], layer + "/weight_quant/DequantizeLinear")
        x = op("Pad", [x, pads, minus], layer + "/Pad")
        x = op("Conv", [x, weight], layer + "/conv/Conv", kernel_shape=[KERNEL], strides=[2 if block == 1 else 1])
        x = op("MaxPool", [x], layer + "/MaxPool", kernel_shape=[POOL], strides=[2])
        x = op("PRelu", [x, const("slope", SLOPE.reshape(1, 1))], layer + "/PRelu")
        # The largest of 7 sums of N random signs is about 1.35 sqrt(N); N is even but at the input.
        spread = np.sqrt(before * KERNEL)
        mean = np.floor(np.abs(random.normal(1.35, 0.3, after)) * spread / 2) * 2 + 1
        if block == 1:
            mean = (mean + 0.5) * INPUT_SCALE
        gamma = random.choice(np.array([-1, 1]), after)
        if last:
            mean, gamma = np.zeros(after), gamma * random.integers(1, 64, after) / 64
        prefix = f"block{block}.bn."
        values = {"weight": gamma, "bias": np.zeros(after), "mean": mean, "var": np.full(after, 1 - EPS)}
        names = [const(prefix + key, value.astype(np.float32)) for key, value in values.items()]
        x = op("BatchNormalization", [x, *names], layer + "/bn/BatchNormalization", epsilon=float(EPS))
        x = x if last else op("Sign", [x], layer + "/sign/Sign")
        before = after
    op("ReduceSum", [x, const("time_axis", np.array([2], np.int64))], "/sum/ReduceSum", keepdims=0)
    nodes[-1].output[0] = "scores"
    graph = helper.make_graph(
        nodes,
        "wide",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 1, WINDOW])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, CLASSES])],
        list(constants.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], producer_name="bnncc models/wide512.py")
    model.ir_version = 10
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--channels", type=lambda text: [int(c) for c in text.split(",")], default=[32, 64, 128, 256, 512])
    parser.add_argument("--windows", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    model = build(args.channels, np.random.default_rng(args.seed))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.load(Path(__file__).resolve().parent / "ecg5" / "input.npy")[: args.windows]
    scores = np.concatenate([session.run(None, {"input": x[i : i + 1]})[0] for i in range(len(x))])
    args.folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, args.folder / "model.onnx")
    np.save(args.folder / "input.npy", x)
    np.save(args.folder / "output.npy", scores)


if __name__ == "__main__":
    main()
