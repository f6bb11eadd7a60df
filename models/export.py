"""Export a trained checkpoint as ONNX in one of four styles, with real windows, labels and ONNX Runtime's outputs."""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import ecg5_data
import evaluate
from exact_margin import SCORE_EPS, Lattice, round_scores, settle
from qonnx_twin import DOMAIN, standard_twin
from train_ecg import DEFAULT_CHECKPOINTS, NETWORKS, accuracy, predict

# What a style decides: opset, type of the graph's input, how weights and activations are made binary, windows kept.
STYLES = {
    "qdq": {"opset": 17, "input": "qdq", "weight": "constant", "sign": "Sign", "batch": 1, "windows": 64},
    "qdq-int8-weights": {"opset": 21, "input": "qdq", "weight": "int8", "sign": "Sign", "batch": 1, "windows": 64},
    "plain": {"opset": 13, "input": "int8", "weight": "Sign", "sign": "Where", "batch": "N", "windows": 256},
    "qonnx": {"opset": 13, "input": "Quant", "weight": "BipolarQuant", "sign": "BipolarQuant", "batch": 1, "windows": 64},
}
IR_VERSION = {13: 7, 17: 8, 21: 10}
EPS = 1e-5


class Builder:
    """Appends nodes and initialisers to one ONNX graph; a node's output is named after the node."""

    def __init__(self, style: str):
        self.style = STYLES[style]
        self.nodes, self.constants = [], {}

    def const(self, name: str, value) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def op(self, kind: str, inputs: list[str], name: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name + "_output_0"], name, **attributes))
        return name + "_output_0"

    def input(self) -> str:
        scale = self.const("input_scale", np.float32(ecg5_data.INPUT_SCALE))
        if self.style["input"] == "Quant":
            extra = [self.const("input_zero_point", np.float32(0)), self.const("input_bits", np.float32(8))]
            flags = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND", "domain": DOMAIN}
            return self.op("Quant", ["input", scale, *extra], "/input_quant/Quant", **flags)
        parameters = [scale, self.const("input_zero_point", np.int8(0))]
        x = "input"
        if self.style["input"] == "qdq":
            x = self.op("QuantizeLinear", [x, *parameters], "/input_quant/QuantizeLinear")
        return self.op("DequantizeLinear", [x, *parameters], "/input_quant/DequantizeLinear")

    def weight(self, layer: str, latent: np.ndarray, transpose: bool = False) -> str:
        """The binary weights of `layer`, made from trained values as the style does it."""
        latent = latent.T if transpose else latent
        latent = np.ascontiguousarray(np.where(latent == 0, np.float32(2**-20), latent))
        name, node = layer.strip("/").replace("/", ".") + ".weight", layer + "/weight_quant"
        signs = np.where(latent >= 0, 1, -1)
        if self.style["weight"] == "constant":
            return self.const(name, signs.astype(np.float32))
        if self.style["weight"] == "int8":
            constants = [self.const(name, signs.astype(np.int8)), self.const("unit_scale", np.float32(1))]
            return self.op("DequantizeLinear", constants, node + "/DequantizeLinear")
        latent = self.const(name, latent)
        if self.style["weight"] == "Sign":
            return self.op("Sign", [latent], node + "/Sign")
        scale = self.const("unit_scale", np.float32(1))
        return self.op("BipolarQuant", [latent, scale], node + "/BipolarQuant", domain=DOMAIN)

    def sign(self, x: str, name: str) -> str:
        if self.style["sign"] == "Sign":
            return self.op("Sign", [x], name + "/Sign")
        if self.style["sign"] == "BipolarQuant":
            scale = self.const("unit_scale", np.float32(1))
            return self.op("BipolarQuant", [x, scale], name + "/BipolarQuant", domain=DOMAIN)
        zero, one, minus = (self.const(f"sign_{v}", np.float32(v)) for v in (0, 1, -1))
        positive = self.op("GreaterOrEqual", [x, zero], name + "/GreaterOrEqual")
        return self.op("Where", [positive, one, minus], name + "/Where")

    def pad(self, x: str, layer: str, width: int, value: float) -> str:
        pads = self.const(f"pads_{width}", np.array([0, 0, width, 0, 0, width], np.int64))
        return self.op("Pad", [x, pads, self.const(f"pad_value_{value:g}", np.float32(value))], layer + "/Pad")

    def batch_norm(self, x: str, layer: str, bn: dict, eps: float = EPS) -> str:
        prefix = layer.strip("/").replace("/", ".")
        names = [self.const(f"{prefix}.{k}", bn[k]) for k in ("weight", "bias", "running_mean", "running_var")]
        return self.op("BatchNormalization", [x, *names], layer + "/BatchNormalization", epsilon=eps)

    def conv(self, x: str, layer: str, latent: np.ndarray, stride: int, pads: int = 0) -> str:
        w = self.weight(layer, latent)
        attributes = {"kernel_shape": [latent.shape[2]], "strides": [stride], "pads": [pads, pads]}
        return self.op("Conv", [x, w], layer + "/Conv", dilations=[1], group=1, **attributes)

    def max_pool(self, x: str, layer: str, kernel: int) -> str:
        return self.op("MaxPool", [x], layer + "/MaxPool", kernel_shape=[kernel], strides=[2], pads=[0, 0])

    def sum_over_time(self, x: str) -> str:
        return self.op("ReduceSum", [x, self.const("time_axis", np.array([2], np.int64))], "/sum/ReduceSum", keepdims=0)

    def mean_over_time(self, x: str) -> str:
        x = self.op("GlobalAveragePool", [x], "/pool/GlobalAveragePool")
        return self.op("Flatten", [x], "/pool/Flatten", axis=1)

    def finish(self, name: str, scores: str) -> onnx.ModelProto:
        self.nodes[-1].output[0] = "scores"
        assert scores != "scores"
        elem = TensorProto.INT8 if self.style["input"] == "int8" else TensorProto.FLOAT
        batch = self.style["batch"]
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("input", elem, [batch, 1, ecg5_data.WINDOW])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 5])],
            list(self.constants.values()),
        )
        opsets = [helper.make_opsetid("", self.style["opset"])]
        if self.style["input"] == "Quant":
            opsets.append(helper.make_opsetid(DOMAIN, 1))
        model = helper.make_model(graph, opset_imports=opsets, producer_name="bnncc models/export.py")
        model.ir_version = IR_VERSION[self.style["opset"]]
        # QONNX operators stop ONNX's shape inference: take the shapes of the twin's tensors.
        inferred = onnx.shape_inference.infer_shapes(standard_twin(model), strict_mode=True, data_prop=True)
        outputs = {o for node in model.graph.node for o in node.output}
        model.graph.value_info.extend(v for v in inferred.graph.value_info if v.name in outputs)
        onnx.checker.check_model(standard_twin(model), full_check=True)
        return model


def batch_norm_of(module) -> dict:
    return {k: v.detach().numpy().astype(np.float32).copy() for k, v in module.state_dict().items() if v.dim()}


def latent_of(module) -> np.ndarray:
    return module.weight.detach().numpy()


def build_ecg5(net, g: Builder) -> str:
    x = g.input()
    for i, block in enumerate(net.blocks, 1):
        layer, w = f"/block{i}", latent_of(block.conv)
        bn, slope = batch_norm_of(block.bn), block.prelu.weight.detach().numpy().astype(np.float32)
        if i < 6:
            lattice = Lattice.of_input(w) if i == 1 else Lattice.of_bipolar(w[0].size)
            settle(f"{layer}/bn", bn, lattice, EPS, float(slope[0]))
        else:
            slope = round_scores(bn, slope)
        x = g.conv(g.pad(x, layer, 5, -1), layer + "/conv", w, block.conv.stride)
        x = g.max_pool(x, layer, 7)
        x = g.op("PRelu", [x, g.const(f"block{i}.prelu.weight", slope.reshape(1, 1))], layer + "/PRelu")
        x = g.batch_norm(x, layer + "/bn", bn, EPS if i < 6 else SCORE_EPS)
        if i < 6:
            x = g.sign(x, layer + "/sign")
    return g.mean_over_time(x) if g.style["batch"] == "N" else g.sum_over_time(x)


def build_wide(net, g: Builder) -> str:
    pool_first = g.style["sign"] == "BipolarQuant"  # max-pool and sign commute: each style has another order
    x = g.input()
    for i, (conv, norm) in enumerate(zip(net.convs, net.bns, strict=True), 1):
        layer, w, bn = f"/layer{i}", latent_of(conv), batch_norm_of(norm)
        if i == 1:
            lattice = Lattice.of_input(w)
            x = g.conv(x, layer + "/conv", w, 12, pads=34)
        else:
            lattice = Lattice.of_bipolar(w[0].size)
            x = g.conv(g.pad(x, layer, 1, -1), layer + "/conv", w, 1)
        settle(f"{layer}/bn", bn, lattice if i < 5 else lattice.mean(18), EPS)
        x = g.batch_norm(x, layer + "/bn", bn)
        if i < 5:
            x = g.max_pool(x, layer, 2) if pool_first else x
            x = g.sign(x, layer + "/sign")
            x = x if pool_first else g.max_pool(x, layer, 2)
    x = g.sum_over_time(x) if pool_first else g.mean_over_time(x)
    x = g.sign(x, "/pool/sign")
    bn = batch_norm_of(net.bn1)
    settle("/fc1/bn", bn, Lattice.of_bipolar(256), EPS)
    x = g.op("MatMul", [x, g.weight("/fc1", latent_of(net.fc1), True)], "/fc1/MatMul")
    x = g.sign(g.batch_norm(x, "/fc1/bn", bn), "/fc1/sign")
    x = g.op("MatMul", [x, g.weight("/fc2", latent_of(net.fc2), True)], "/fc2/MatMul")
    bn = batch_norm_of(net.bn2)
    round_scores(bn)
    return g.batch_norm(x, "/fc2/bn", bn, SCORE_EPS)


def choose_windows(labels: np.ndarray, test: np.ndarray, count: int) -> np.ndarray:
    """`count` windows of the test part: up to 3 of each class first, the rest drawn at random."""
    order = np.random.default_rng(0).permutation(test)
    first = [i for c in range(5) for i in order[labels[order] == c][:3]]
    rest = [i for i in order if i not in set(first)]
    return np.array(sorted(first + rest[: count - len(first)]))


README = """# {name}

{what}

| | |
|---|---|
| input | {input} |
| output | `scores`, one per class N, S, V, F, Q; the class is the largest |
| style | {style_text} |
| rebuilt by | `python train_ecg.py {net}{split_flag}`, then `python export.py {name}`; its run: `../README.md` |

Accuracy of the exported graph in ONNX Runtime{accuracy_of}:

| split | train | test |
|---|---|---|
{accuracy}

{patient_text}

`input.npy`: {windows} windows of the test part of the {split} split (up to three of each class, the rest drawn at random, so
their accuracy, {kept:.1%}, is not the network's). `output.npy`: ONNX Runtime {ort}{twin}. `labels.npy`: the annotated
classes. No value before a sign lies within float32 rounding of zero (`exact_margin.py`), so real arithmetic and float32 agree.
The last normalisation is rounded to 10 bits, so that float32 computes the scores nearly without rounding.

Data: MIT-BIH Arrhythmia Database. G. B. Moody, R. G. Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE Engineering in
Medicine and Biology 20(3):45-50, 2001; PhysioNet, Open Data Commons Attribution License v1.0. The windows here are derived from
it: 10 s of lead MLII at 360 Hz, each shifted and scaled to mean 0 and standard deviation 1{int8}.
"""

WHAT = {
    "ecg5": """Six blocks 1-8-16-32-32-64-5 of [pad 5 with -1, binary convolution k7 (stride 2 in the first), max-pool 7/2,
PReLU, batch normalisation, sign], the sixth without sign, then the {pool} over time. 28,280 weight bits, 5.94 M MAC.""",
    "ecg5-wide": """Binary convolutions 64@k80 stride 12 (pad 34 with 0), then 64, 128, 128, 256 @k3 (pad 1 with -1), each with
batch normalisation; the first four with {order}; {pool} over time, sign, fully connected 256-64, batch
normalisation, sign, 64-5, batch normalisation. 206,144 weight bits, 8.83 M MAC.""",
}
STYLE_TEXT = {
    "qdq": "opset 17: QuantizeLinear/DequantizeLinear at the input, weights stored as +1.0 and -1.0, `Sign`",
    "qdq-int8-weights": "opset 21: QuantizeLinear/DequantizeLinear at the input, weights int8 through DequantizeLinear, `Sign`",
    "plain": "opset 13: real-valued weights through `Sign`, activations through `Where(x >= 0, 1, -1)`",
    "qonnx": "opset 13 and QONNX: `Quant` at the input, `BipolarQuant` for weights and activations",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=EXPORTS, help="the model's folder")
    parser.add_argument("--data", type=Path, default=ecg5_data.DEFAULT_DATA, help="folder that holds mitdb/")
    parser.add_argument("--checkpoints", type=Path, default=DEFAULT_CHECKPOINTS)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    args = parser.parse_args()
    net_name, split, style = EXPORTS[args.name]

    def trained(of_split):
        net = NETWORKS[net_name]()
        net.load_state_dict(torch.load(args.checkpoints / f"{net_name}-{of_split}.pt")["state"])
        return net.eval()

    net, builder = trained(split), Builder(style)
    model = builder.finish(args.name, {"ecg5": build_ecg5, "ecg5-wide": build_wide}[net_name](net, builder))
    windows, labels, rows = ecg5_data.load(args.data)
    x = evaluate.graph_input(model, windows)
    scores = evaluate.reference(model, x)
    classes = scores.argmax(1)

    def measured(of_split, result):
        return [np.mean(result[i] == labels[i]) for i in ecg5_data.split(rows, of_split)]

    text = "| {} | {:.2%} | {:.2%} |".format(split, *measured(split, classes))
    patient_text = "Patients held apart: records DS1 train, DS2 test (de Chazal et al. 2004)."
    if split == "random":
        other = args.checkpoints / f"{net_name}-patient.pt"
        if other.exists():
            apart, parts = trained("patient"), []
            for i in ecg5_data.split(rows, "patient"):
                parts.append(accuracy(apart, torch.from_numpy(windows[i])[:, None], torch.from_numpy(labels[i])))
            text += "\n| patient (trained apart) | {:.2%} | {:.2%} |".format(*parts)
        patient_text = "Random: 80/20 over windows, so the same patients are on both sides. "
        if other.exists():
            patient_text += (
                "Patient: a second, shorter training,\n"
                "`--split patient` (records DS1 train, DS2 test, de Chazal et al. 2004). The graph here is the random one."
            )
        else:
            patient_text += "No training with patients held apart yet."
    chosen = choose_windows(labels, ecg5_data.split(rows, split)[1], STYLES[style]["windows"])
    folder = args.out / args.name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    np.save(folder / "input.npy", x[chosen])
    np.save(folder / "output.npy", scores[chosen])
    np.save(folder / "labels.npy", labels[chosen])
    int8, qonnx = STYLES[style]["input"] == "int8", style == "qonnx"
    batch = STYLES[style]["batch"]
    wide_order = "max-pool 2 and sign" if qonnx else "sign and max-pool 2"
    pool = "sum" if (qonnx if net_name == "ecg5-wide" else batch == 1) else "mean"
    readme = README.format(
        name=args.name,
        what=WHAT[net_name].format(pool=pool, order=wide_order),
        input=f"`input`, {'int8 in steps of 1/16' if int8 else 'float32'}, {batch} x 1 x 3600",
        style_text=STYLE_TEXT[style],
        net=net_name,
        split_flag="" if split == "random" else f" --split {split}",
        accuracy_of=" (its twin in standard operators, `qonnx_twin.py`)" if qonnx else "",
        accuracy=text,
        patient_text=patient_text,
        windows=len(chosen),
        split=split,
        kept=np.mean(classes[chosen] == labels[chosen]),
        ort=evaluate.onnxruntime.__version__,
        twin=" on the twin in standard operators" if qonnx else "",
        int8=", then rounded to int8 in steps of 1/16" if int8 else "",
    )
    (folder / "README.md").write_text(readme)
    print(f"{args.name}: {text} -> {folder.name}/ ({(folder / 'model.onnx').stat().st_size} bytes)")
    own = predict(net, torch.from_numpy(windows)[:, None]).argmax(1).numpy()
    print(f"  same class as PyTorch on {np.sum(own == classes)} of {len(labels)} windows")


EXPORTS = {
    "ecg5": ("ecg5", "random", "qdq"),
    "ecg5-plain-sign": ("ecg5", "random", "plain"),
    "ecg5-qonnx": ("ecg5", "random", "qonnx"),
    "ecg5-patient": ("ecg5", "patient", "qdq"),
    "ecg5-wide": ("ecg5-wide", "random", "qdq-int8-weights"),
    "ecg5-wide-qonnx": ("ecg5-wide", "random", "qonnx"),
}


if __name__ == "__main__":
    with torch.no_grad():
        main()
