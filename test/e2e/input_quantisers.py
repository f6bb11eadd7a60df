"""Random input quantisers against ONNX Runtime at every boundary, just below and just above it.

Usage: input_quantisers.py BNNCC FOLDER [SEED=0] [COUNT=60]   fails at a code that differs, or if fewer than 90 % compile

Each network is a few elementwise operations on the graph's input (float32, float64 and integers), a quantiser in one of its spellings, and a
convolution of one tap that hands the codes on. The boundaries are read from what bnncc made of it, so that they are where the codes change."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

F = np.float32
SIZE = 240  # positions of a window
TYPES = [np.float32] * 5 + [np.uint8, np.int8, np.int16, np.float64, np.int32]


class Net:
    def __init__(self, seed: int, dtype: type) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes, self.inits, self.last = [], [], "x"
        self.dtype = np.dtype(dtype)  # that operations compute in
        self.channels = int(self.rng.choice([1, 1, 3]))

    def const(self, values: object, dtype: object = None) -> str:
        name = f"c{len(self.inits)}"
        self.inits.append(numpy_helper.from_array(np.asarray(values).astype(dtype or self.dtype), name))
        return name

    def step(self, op: str, *constants: str, first: str | None = None, **attributes: object) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        operands = [first or self.last, *constants]
        self.nodes.append(helper.make_node(op, operands, [name], name=name, **attributes))
        self.last = name
        return name

    def number(self, low: float, high: float, signed: bool = False) -> str:
        """A constant: one, or one for each channel."""
        shape = (self.channels, 1) if self.rng.random() < 0.5 else ()
        sign = self.rng.choice([-1, 1], shape) if signed else 1
        return self.const(self.rng.uniform(low, high, shape) * sign)


def add_steps(n: Net) -> None:
    r = n.rng
    for kind in r.choice(["Add", "Sub", "c - x", "Mul", "Div", "norm", "PRelu", "Relu", "Leaky", "Clip", "Min", "Max", "Neg", "Abs", "std"], r.integers(0, 4)):
        if kind in ("Add", "Sub"):
            n.step(kind, n.number(-1, 1))
        elif kind == "c - x":
            x = n.last
            n.step("Sub", x, first=n.number(-1, 1))
        elif kind in ("Mul", "Div"):
            n.step(kind, n.number(0.1, 3, signed=True))
        elif kind == "norm":
            gamma = r.uniform(0.3, 2, n.channels) * r.choice([-1, 1], n.channels)
            rest = [r.uniform(low, high, n.channels) for low, high in ((-1, 1), (-1, 1), (0.1, 3))]
            n.step("BatchNormalization", *(n.const(v) for v in (gamma, *rest)), epsilon=float(r.choice([1e-5, 1e-3])))
        elif kind in ("PRelu", "Leaky") and n.dtype != np.float32:
            n.step("Relu")  # ONNX Runtime has the others for float32 only
        elif kind == "PRelu":
            n.step(kind, n.number(0.05, 0.9, signed=r.random() < 0.3))
        elif kind == "Leaky":
            n.step("LeakyRelu", alpha=float(r.uniform(0.01, 0.5)))
        elif kind == "Clip":
            n.step(kind, n.const(r.uniform(-2, -0.5)), n.const(r.uniform(0.5, 2)))
        elif kind in ("Min", "Max"):
            n.step(kind, n.const(r.uniform(0.5, 2) * (1 if kind == "Min" else -1)))
        elif kind == "std":  # constants that are computed
            x = n.last
            spread = n.step("Sqrt", first=n.step("Add", n.const(1e-5), first=n.const(r.uniform(0.1, 2))))
            n.step("Div", spread, first=x)
        else:
            n.step(kind)


def add_quantiser(n: Net) -> float:
    """Returns the distance of two neighbouring values."""
    r = n.rng
    kind = r.choice(["linear", "linear", "round", "floor", "clip first", "zero point", "GreaterOrEqual", "Greater", "Less"])
    scale = F(10 ** r.uniform(-3, -1) if r.random() < 0.7 else 2.0 ** r.integers(-8, -1))
    if kind == "linear" and n.dtype == np.float64:
        kind = "round"
    if kind == "linear":
        code = r.choice(["int8", "uint8", "int4", "uint4"])
        if code.endswith("4"):
            scale = F(scale * 16)
            zero = f"z{len(n.inits)}"
            n.inits.append(helper.make_tensor(zero, TensorProto.INT4 if code == "int4" else TensorProto.UINT4, [], [int(r.integers(0, 7))]))
        else:
            zero = n.const(r.integers(0, 20), code)
        n.step("QuantizeLinear", n.const(scale), zero)
        if code == "int8" and r.random() < 0.4:  # as quantisers of seven bits are exported
            n.step("Clip", n.const(-64, code), n.const(63, code))
        n.step("DequantizeLinear", n.const(scale), zero)
        return float(scale)
    if kind == "floor":
        n.step("Mul", n.const(1 / scale))
        n.step("Add", n.const(0.5))
        n.step(str(r.choice(["Floor", "Ceil"])))
        n.step("Max", n.const(0))
        n.step("Min", n.const(200))
        return 1.0
    if kind in ("round", "clip first", "zero point"):
        n.step("Div", n.const(scale))
        if kind == "clip first":
            n.step("Clip", n.const(-20), n.const(63))
            n.step("Round")
            return 1.0
        n.step("Round")
        if kind == "zero point":
            n.step("Add", n.const(7))
        n.step("Clip", n.const(0 if kind == "zero point" else -128), n.const(255 if kind == "zero point" else 127))
        if kind == "zero point":
            n.step("Sub", n.const(7))
        n.step("Mul", n.const(scale))
        return float(scale)
    n.step(str(kind), n.const(r.uniform(-0.5, 0.5)))
    n.step("Where", n.const(1, F), n.const(-1, F))
    return 1.0


def build(seed: int, dtype: type) -> tuple[Net, onnx.ModelProto, float]:
    n = Net(seed, dtype)
    if n.dtype.kind != "f":
        n.step("Cast", to=TensorProto.FLOAT)
        n.dtype = np.dtype(F)
        n.step("Div", n.const(255)) if n.rng.random() < 0.5 else n.step("Mul", n.const(0.01))
    add_steps(n)
    unit = add_quantiser(n)
    n.step("Cast", to=TensorProto.FLOAT)
    n.step("Conv", n.const([[[1]] * n.channels, [[-1]] * n.channels], F))
    x = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), [1, n.channels, SIZE])
    y = helper.make_tensor_value_info(n.last, TensorProto.FLOAT, None)
    graph = helper.make_graph(n.nodes, "g", [x], [y], n.inits)
    return n, helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), unit


def boundaries(text: str) -> np.ndarray:
    """The numbers of the bnn.quantize in a printed module."""
    line = next((line for line in text.splitlines() if "bnn.quantize" in line), "boundaries = dense<>")
    body = line.split("boundaries = dense<")[1].split(">")[0]
    kind = "<f8" if "xf64>" in line.split("boundaries = dense<")[1].split(",")[0] or "xf64>, " in line else "<f4"
    if body.startswith('"0x'):
        return np.frombuffer(bytes.fromhex(body[3:-1]), kind).astype(float)
    numbers = [word.strip(" []") for word in body.split(",")]
    bits = [np.frombuffer(bytes.fromhex(word[2:])[::-1], kind)[0] if word.startswith("0x") else float(word) for word in numbers if word]
    return np.asarray(bits, float)


def windows(n: Net, dtype: type, at: np.ndarray) -> np.ndarray:
    at = at[np.isfinite(at)].astype(dtype)
    if np.dtype(dtype).kind == "f":
        around = [at, np.nextafter(at, dtype(-np.inf)), np.nextafter(at, dtype(np.inf))]
        values = np.concatenate([*around, 3 * n.rng.standard_normal(400).astype(dtype), np.array([0, -0.0, 1e30, -1e30], dtype)])
    elif np.dtype(dtype).itemsize <= 2:
        values = np.arange(np.iinfo(dtype).min, np.iinfo(dtype).max + 1).astype(dtype)
    else:
        values = np.concatenate([at, at - 1, n.rng.integers(-1000, 1000, 600).astype(dtype)])
    n.rng.shuffle(values)
    count = -(-len(values) // SIZE)
    return np.stack([np.roll(np.resize(values, count * SIZE), 7 * c).reshape(count, SIZE) for c in range(n.channels)], axis=1)


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


def check(tools: Path, folder: Path, seed: int, dtype: type) -> str:
    """exact, or what is wrong."""
    n, model, unit = build(seed, dtype)
    path = folder / "model.onnx"
    onnx.save(model, path)
    made = run(tools / "bnncc", path, "-o", folder / "p.bnn", "--sign-zero=plus")
    if made.returncode:
        return f"refused: {made.stderr.strip()}"
    x = windows(n, dtype, boundaries(run(tools / "bnncc", path, "--emit=bnn", "--sign-zero=plus").stdout))
    np.save(folder / "x.npy", x)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    expected = np.concatenate([session.run(None, {"x": window[None]})[0] for window in x])
    ran = run(tools / "bnn-run", folder / "p.bnn", f"--input={folder / 'x.npy'}", f"--output={folder / 'y.npy'}")
    if ran.returncode:
        return f"does not run: {ran.stderr.strip()}"
    # Sums of up to three codes: a code apart is a unit apart.
    differs = np.abs(np.load(folder / "y.npy") - expected) > 0.4 * unit + 1e-5 * np.abs(expected)
    if differs.any():
        w, c, i = np.argwhere(differs)[0]
        return f"{differs.sum()} of {differs.size} differ, the first at input {x[w, :, i]}: expected {expected[w, c, i]}"
    return "exact"


def main() -> int:
    tools, folder = Path(sys.argv[1]).parent, Path(sys.argv[2])
    seed, count = (int(v) for v in (sys.argv[3:] + ["0", "60"][len(sys.argv) - 3 :]))
    exact = 0
    for i in range(seed, seed + count):
        dtype = TYPES[i % len(TYPES)]
        result = check(tools, folder, i, dtype)
        exact += result == "exact"
        if result != "exact":
            print(f"{i} {np.dtype(dtype).name}: {result}", flush=True)
        if result != "exact" and not result.startswith("refused"):
            return 1
    print(f"{exact} of {count} exact, the others refused")
    return exact < 0.9 * count


if __name__ == "__main__":
    sys.exit(main())
