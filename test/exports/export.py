"""Export the networks of nets.py by both of PyTorch's exporters, with inputs and ONNX Runtime's outputs.

Usage: export.py [FOLDER=fixtures beside this file] [NAME...]   (Python with torch, onnxscript, onnxruntime)

Writes FOLDER/NAME-EXPORTER.npz: the model's bytes, x, y0 (y1 ... and the names of several outputs) and the flags that bnncc needs. Training is a few steps only, so that
normalisations hold numbers of the usual kind. What names this machine (stack traces that the newer exporter records) is left out."""

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from nets import FLOAT_INPUT, NETS, SAMPLES
from torch import nn

WINDOWS = 8
warnings.filterwarnings("ignore")


def windows(name: str, count: int) -> torch.Tensor:
    """Beats of some shapes in noise: z-scored, or whole numbers of eight bits."""
    random = np.random.default_rng(len(name))
    leads = 12 if name == "leads" else 1
    time = np.arange(SAMPLES)
    phase = random.uniform(0, 40, (count, leads, 1))
    wave = np.exp(-(((time + phase) % 40 - 20) ** 2) / random.uniform(4, 40, (count, leads, 1)))
    x = wave + 0.1 * random.standard_normal((count, leads, SAMPLES))
    x = (x - x.mean(2, keepdims=True)) / x.std(2, keepdims=True)
    if name not in FLOAT_INPUT:
        x = np.clip(np.rint(25 * x), -128, 127)
    return torch.tensor(x, dtype=torch.float32)


def train(net: nn.Module, x: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    net.train()
    for step in range(4):
        y = net(x[8 * step : 8 * step + 8])
        logits = y[0] if isinstance(y, tuple) else y
        if logits.dtype.is_floating_point and logits.requires_grad:
            optimizer.zero_grad()
            functional_loss(logits).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():  # parameters of any value, as long training leaves them
        for module in net.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean += 0.37 * module.running_var.sqrt()
                module.weight.mul_(torch.where(torch.arange(len(module.weight)) % 3 == 0, -1.0, 1.0))
                module.bias += 0.05


def functional_loss(logits: torch.Tensor) -> torch.Tensor:
    return (logits.float() - logits.float().detach().roll(1, -1)).square().mean()


def export(net: nn.Module, x: torch.Tensor, dynamo: bool) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        if dynamo:
            torch.onnx.export(net, (x[:1],), path, dynamo=True, external_data=False, verbose=False)
        else:
            torch.onnx.export(net, (x[:1],), path, dynamo=False)
        model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    del model.graph.value_info[:]
    del model.metadata_props[:]
    return model


def reference(model: onnx.ModelProto, x: np.ndarray) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rows = [session.run(None, {name: x[i : i + 1]}) for i in range(len(x))]
    return [np.concatenate([np.atleast_1d(row[k]) for row in rows]) for k in range(len(rows[0]))]


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "fixtures"
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or NETS:
        torch.manual_seed(len(name))
        net, x = NETS[name](), windows(name, 32 + WINDOWS)
        train(net, x)
        for dynamo in (False, True):
            exporter = "dynamo" if dynamo else "script"
            try:
                model = export(net, x, dynamo)
            except Exception as error:  # noqa: BLE001
                print(f"{name}-{exporter}: cannot be exported: {type(error).__name__} {str(error)[:150]}", flush=True)
                continue
            inputs = x[-WINDOWS:].numpy()
            outputs = {f"y{k}": y for k, y in enumerate(reference(model, inputs))}
            flags = [] if name in FLOAT_INPUT else ["--input-type=int8"]
            stored = np.frombuffer(model.SerializeToString(), np.uint8)
            if len(outputs) > 1:
                outputs["outputs"] = np.array([output.name for output in model.graph.output])
            np.savez_compressed(folder / f"{name}-{exporter}.npz", model=stored, x=inputs, flags=np.array(flags, str), **outputs)
            print(f"{name}-{exporter}: {len(stored)} bytes", flush=True)


if __name__ == "__main__":
    main()
