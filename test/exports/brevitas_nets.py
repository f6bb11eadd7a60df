"""Binary networks of Brevitas as its QONNX export writes them, with the outputs of QONNX's own executor.

Usage: brevitas_nets.py [FOLDER=fixtures beside this file]   (Python with brevitas and qonnx)"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from brevitas.export import export_qonnx
from brevitas.nn import QuantConv1d, QuantIdentity, QuantLinear
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst
from torch import nn

WINDOWS = 8


def conv(cin: int, cout: int, kernel: int, **options: object) -> QuantConv1d:
    return QuantConv1d(cin, cout, kernel, bias=False, weight_quant=SignedBinaryWeightPerTensorConst, **options)


def bits() -> QuantIdentity:
    return QuantIdentity(act_quant=SignedBinaryActPerTensorConst)


NETS = {
    "conv": lambda: nn.Sequential(
        QuantIdentity(bit_width=8), conv(1, 8, 5, stride=2), nn.BatchNorm1d(8), bits(), conv(8, 5, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten()
    ),
    "pool": lambda: nn.Sequential(
        bits(), conv(1, 8, 5, stride=2), nn.MaxPool1d(2), nn.BatchNorm1d(8), bits(), conv(8, 5, 3), nn.BatchNorm1d(5), nn.Flatten()
    ),
    "dense": lambda: nn.Sequential(
        bits(),
        nn.Flatten(),
        QuantLinear(48, 16, bias=False, weight_quant=SignedBinaryWeightPerTensorConst),
        nn.BatchNorm1d(16),
        bits(),
        QuantLinear(16, 5, bias=False, weight_quant=SignedBinaryWeightPerTensorConst),
        nn.BatchNorm1d(5),
    ),
}


def main() -> None:
    from qonnx.core import onnx_exec
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.infer_shapes import InferShapes

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "fixtures"
    onnx_exec.qonnx_make_model = lambda graph, **_: onnx.helper.make_model(graph, ir_version=10)  # one that ONNX Runtime reads
    for name, make in NETS.items():
        torch.manual_seed(len(name))
        net = make()
        x = torch.randn(WINDOWS, 1, 48)
        net.train()
        net(torch.randn(64, 1, 48))
        net.eval()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm1d):  # means beside the sums' own grid: no float32 tie
                module.running_mean += 0.37 * module.running_var.sqrt()
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "model.onnx"
            export_qonnx(net, x[:1], path)
            model = onnx.load(path)
        for node in model.graph.node:
            del node.metadata_props[:]
        wrapped = ModelWrapper(model, make_deepcopy=True).transform(InferShapes())
        given, result = model.graph.input[0].name, model.graph.output[0].name
        y = np.concatenate([onnx_exec.execute_onnx(wrapped, {given: x[i : i + 1].numpy()})[result] for i in range(WINDOWS)])
        stored = np.frombuffer(model.SerializeToString(), np.uint8)
        np.savez_compressed(folder / f"brevitas-{name}.npz", model=stored, x=x.numpy(), flags=np.array([], str), y0=y)
        print(f"brevitas-{name}: {len(stored)} bytes, {sorted({n.op_type for n in model.graph.node})}")


if __name__ == "__main__":
    main()
