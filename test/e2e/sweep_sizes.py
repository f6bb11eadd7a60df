"""Compile random zero-padded 1-D networks of many sizes and hold each to ONNX Runtime.

Usage: sweep_sizes.py [--bin=build/bin] [--count=2000] [--seed=1] [--jobs=1] [--keep=FOLDER] [--verify=exact|off]

Network i of a seed has 1, 2, 3 or 12 leads, 100 to 5,000 samples, 1 to 3 layers (convolution of kernel 3 to 21 and stride 1 to 4 in the first,
zero padding, max pool of 1 to 3, batch norm, sign) and a head, and is compiled for one target. It counts as
  exact    compiled, and all windows equal on the simulated engine;
  refused  for want of memory, by a line that names a built-in target which then compiles it exactly, or says that there is none (tried on all).
Anything else is printed, kept in FOLDER, and makes the exit code 1."""

import argparse
import collections
import concurrent.futures
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("z010", "z020", "z035")
MEMORY = re.compile(r"lane_words|weight_rows|threshold_rows|output_words|control_words|accumulator_bits|instruction memory")
FITS = re.compile(r"built-in targets? '(z\d+)'.* ha(?:s|ve) room")
NONE = re.compile("no built-in target has room|no target can be made large enough")


class Network:
    """Shape and weights of network `index`; everything follows from the seed and the index."""

    def __init__(self, seed: int, index: int) -> None:
        self.random = r = np.random.default_rng([seed, index])
        self.target = TARGETS[index % 3]
        self.leads = int(r.choice([1, 1, 2, 3, 12]))
        self.samples = int(r.choice([r.integers(100, 1000), r.integers(1000, 5001)]))
        self.bits = bool(r.random() < 0.1)
        self.layers = []
        width = self.samples
        for i in range(int(r.integers(1, 4))):
            kernel = int(r.integers(3, 22) if i == 0 else r.choice([3, 5, 7]))
            stride = int(r.integers(1, 5) if i == 0 else 1)
            pool = int(r.integers(1, 4))
            pad = kernel // 2
            channels = int(r.choice([4, 8, 12, 16, 32, 40, 64]))
            width = (width + 2 * pad - kernel) // stride + 1
            if width // pool < 4:
                break
            width //= pool
            self.layers.append((channels, kernel, stride, pad, pool))
        self.head = str(r.choice(["mean", "mean", "mean", "values", "dense"]))
        self.width = width

    def __str__(self) -> str:
        kind = "bits" if self.bits else "int8"
        layers = " ".join("{}@k{}/s{}p{}m{}".format(*layer) for layer in self.layers)
        return f"{self.leads}x{self.samples} {kind}: {layers} {self.head}, {self.target}"

    def model(self) -> onnx.ModelProto:
        r, nodes, constants = self.random, [], []

        def constant(values: object) -> str:
            constants.append(numpy_helper.from_array(np.asarray(values, np.float32), f"c{len(constants)}"))
            return constants[-1].name

        def node(op: str, *operands: str, **attributes: object) -> str:
            nodes.append(helper.make_node(op, operands, [f"v{len(nodes)}"], name=f"{op}_{len(nodes)}", **attributes))
            return nodes[-1].output[0]

        def signs(*shape: int) -> str:
            return constant(np.where(r.random(shape) < 0.5, -1, 1))

        last, inputs = "x", self.leads
        zero, one, minus = constant(0), constant(1), constant(-1)
        for channels, kernel, stride, pad, pool in self.layers:
            last = node("Conv", last, signs(channels, inputs, kernel), kernel_shape=[kernel], strides=[stride], pads=[pad, pad])
            if pool > 1:
                last = node("MaxPool", last, kernel_shape=[pool], strides=[pool])
            spread = 3 if inputs > self.leads else 30
            parts = r.standard_normal(channels), r.standard_normal(channels), spread * r.standard_normal(channels), r.uniform(0.5, 30, channels)
            last = node("BatchNormalization", last, *map(constant, parts))
            last = node("Where", node("GreaterOrEqual", last, zero), one, minus)
            inputs = channels
        if self.head == "dense":
            last = node("Flatten", last)
            last = node("MatMul", last, signs(inputs * self.width, 5))
        else:
            last = node("Conv", last, signs(5, inputs, 3), kernel_shape=[3], pads=[1, 1])
            if self.head == "mean":
                last = node("GlobalAveragePool", last)
        data = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, self.leads, self.samples])
        result = helper.make_tensor_value_info(last, TensorProto.FLOAT, None)
        graph = helper.make_graph(nodes, "sweep", [data], [result], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)

    def windows(self, count: int) -> np.ndarray:
        shape = (count, self.leads, self.samples)
        if self.bits:
            return self.random.choice(np.array([-1, 1], np.float32), shape)
        slow = np.cumsum(self.random.integers(-9, 10, shape), axis=2)
        fast = self.random.integers(-128, 128, shape)
        return np.where(np.arange(count)[:, None, None] % 2, np.clip(slow, -128, 127), fast).astype(np.float32)


def run(*command: object) -> tuple[int, str]:
    """Exit code, and the last line of standard error."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace")
    words = done.stderr.strip().splitlines()
    return done.returncode, words[-1] if words else ""


def try_target(args: argparse.Namespace, folder: Path, bits: bool, target: str) -> tuple[str, str]:
    """`exact`, `refused` (for want of memory) or `wrong`, and why."""
    program = folder / f"{target}.bnn"
    kind = "bipolar" if bits else "int8"
    flags = f"--input-type={kind}", f"--target={target}", f"--verify={args.verify}"
    code, line = run(args.bin / "bnncc", folder / "model.onnx", "-o", program, *flags)
    if code == 1 and MEMORY.search(line) and "internal error" not in line:
        return "refused", line
    if code:
        return "wrong", f"bnncc exits with {code}: {line}"
    code, line = run(args.bin / "bnn-run", program, f"--input={folder / 'input.npy'}", f"--expect={folder / 'output.npy'}")
    return ("wrong", f"bnn-run exits with {code}: {line}") if code else ("exact", "")


def verdict(args: argparse.Namespace, index: int, folder: Path) -> tuple[str, str]:
    network = Network(args.seed, index)
    model = network.model()
    onnx.save(model, folder / "model.onnx")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = network.windows(4)
    np.save(folder / "input.npy", x)
    np.save(folder / "output.npy", np.concatenate([session.run(None, {"x": x[i : i + 1]})[0] for i in range(len(x))]))
    kind, text = try_target(args, folder, network.bits, network.target)
    if kind != "refused":
        return kind, f"{network}: {text}"
    named = FITS.search(text)
    others = [named[1]] if named else [t for t in TARGETS if t != network.target]
    if not named and not NONE.search(text):
        return "unnamed", f"{network}: {text}"
    for target in others:
        found, why = try_target(args, folder, network.bits, target)
        if found != ("exact" if named else "refused"):
            return "wrong", f"{network}: it said '{text}', but {target} is {found} {why}"
    return ("refused, another named" if named else "refused by all"), f"{network}: {text}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=ROOT / "build" / "bin", help="folder of the tools")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="index of the first network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--verify", default="exact", help="bnncc's own verification: off is quicker, ONNX Runtime judges all the same")
    parser.add_argument("--keep", type=Path, help="folder for the models that fail")
    parser.add_argument("-v", action="store_true", help="one line for every network")
    args = parser.parse_args()

    def one(index: int) -> tuple[int, str, str]:
        with tempfile.TemporaryDirectory() as name:
            kind, text = verdict(args, index, Path(name))
            if args.keep and kind in ("wrong", "unnamed"):
                args.keep.mkdir(parents=True, exist_ok=True)
                (args.keep / f"{args.seed}-{index}.onnx").write_bytes((Path(name) / "model.onnx").read_bytes())
        return index, kind, text

    counts: collections.Counter[str] = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for index, kind, text in pool.map(one, range(args.first, args.first + args.count)):
            counts[kind] += 1
            if args.v or kind in ("wrong", "unnamed"):
                print(f"{kind} {index}: {text}", flush=True)
    print(f"seed {args.seed}, {args.count} networks from {args.first} on: " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
    return 1 if counts["wrong"] or counts["unnamed"] else 0


if __name__ == "__main__":
    sys.exit(main())
