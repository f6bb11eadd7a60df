"""Compile time of every model, and the simulator's speed beside ONNX Runtime's, measured in one run.

Usage: bench.py [--bin=build/bin] [--target=z035] [--windows=256] [MODEL...]
       bench.py --rtl [--bin=build/bin] [--traced=build-trace/bin] [MODEL]

compile: wall time of one bnncc process with its exact verification, median of 10.
cpu, session: processor seconds of that process and of one that does nothing but make an ONNX Runtime session of the same network (Python, its
imports and the session, one thread), by turns, medians of 9; their ratio is that of the medians.
sim: windows per second of the functional simulator (bnn-run's own prologue, device and epilogue seconds), best of 5.
ort: windows per second of ONNX Runtime with one thread on the float graph, the better of one window at a time and, where the
graph allows it, batches of 64; best of 5.
--rtl: cycles per second of the Verilated engine of every built-in target on one model, ideal memory;
beside it the golden model's, and with --traced (a build with BNNCC_RTL_TRACE) the same engine without and with a waveform. Times on a shared machine vary: the ratio of one run is the figure to quote."""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models"))
from qonnx_twin import standard_twin  # noqa: E402

REPEATS = 5
BATCH = 64


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compile_ms(command: list[str]) -> float:
    return 1e3 * statistics.median(
        seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(10)
    )


SESSION = """
import sys
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 4
onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
"""


def cpu_seconds(command: list[str]) -> float:
    """Processor seconds of a command's process, all of it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cpu_of_both(command: list[str], model: onnx.ModelProto, folder: Path) -> tuple[float, float]:
    """Processor seconds of compiling and of making a session."""
    path = folder / "session.onnx"
    onnx.save(model, path)
    pairs = [(cpu_seconds(command), cpu_seconds([sys.executable, "-c", SESSION, str(path)])) for _ in range(9)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def runtime_speed(model: onnx.ModelProto, x: np.ndarray) -> tuple[float, str]:
    """Windows per second of ONNX Runtime, and how they were fed."""
    name = model.graph.input[0].name
    one = session(model)
    best = min(seconds(lambda: [one.run(None, {name: x[i : i + 1]}) for i in range(len(x))]) for _ in range(REPEATS))
    speed, how = len(x) / best, "one by one"

    batched = onnx.ModelProto()
    batched.CopyFrom(model)
    del batched.graph.value_info[:]
    for value in [*batched.graph.input, *batched.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    try:
        many = session(batched)
        if len(many.run(None, {name: x[:2]})[0]) != 2:
            return speed, how
        best = min(
            seconds(lambda: [many.run(None, {name: x[i : i + BATCH]}) for i in range(0, len(x), BATCH)])
            for _ in range(REPEATS)
        )
    except Exception:  # a Reshape to a constant shape, say: this graph takes one window at a time
        return speed, how
    return max((speed, how), (len(x) / best, f"batches of {BATCH}"))


def simulator_speed(bnn_run: Path, program: Path, x: np.ndarray, folder: Path) -> float:
    source = folder / "input.npy"
    np.save(source, x)
    command = [str(bnn_run), str(program), f"--input={source}", "--stats=json"]
    best = float("inf")
    for _ in range(REPEATS):
        stats = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        best = min(best, sum(stats[f"{part}_seconds"] for part in ("prologue", "device", "epilogue")))
    return len(x) / best


def engine_speed(bin_: Path, program: Path, x: np.ndarray, folder: Path, *options: str) -> float | None:
    """Cycles per second of bnn-run's device, None if the build has no RTL of the target."""
    source = folder / "input.npy"
    np.save(source, x)
    command = [str(bin_ / "bnn-run"), str(program), f"--input={source}", "--stats=json", *options]
    best = 0.0
    for _ in range(REPEATS):
        done = subprocess.run(command, capture_output=True, text=True)
        if "no RTL of target" in done.stderr:
            return None
        done.check_returncode()
        stats = json.loads(done.stdout)
        best = max(best, stats["cycles"] / stats["device_seconds"])
    return best


def rtl(bin_: Path, traced: Path | None, folder: Path) -> None:
    x = np.load(folder / "input.npy")[:4]
    print(f"{'target':<8} {'rtl cycles/s':>14} {'model cycles/s':>14} {'model/rtl':>10}", end="")
    print(f" {'traceable':>10} {'trace':>10}  of the rtl's cycles/s" if traced else "")
    for target in ("z010", "z020", "z035"):
        with tempfile.TemporaryDirectory() as name:
            program = Path(name, "model.bnn")
            command = [str(bin_ / "bnncc"), str(folder / "model.onnx"), "-o", str(program), f"--target={target}"]
            subprocess.run(command, check=True, capture_output=True)
            here = Path(name)
            fast = engine_speed(bin_, program, x, here, "--device=rtl")
            if fast is None:
                print(f"{target:<8} {'not built':>14}", flush=True)
                continue
            model = engine_speed(bin_, program, x, here, "--device=sim")
            line = f"{target:<8} {fast:>14.0f} {model:>14.0f} {model / fast:>10.1f}"
            if traced:
                wave = here / "wave.vcd"
                still = engine_speed(traced, program, x, here, "--device=rtl")
                slow = engine_speed(traced, program, x[:1], here, "--device=rtl", f"--trace={wave}")
                with wave.open() as file:
                    assert any("$enddefinitions" in text for text in file), "not a VCD"
                line += f" {still / fast:>10.2f} {slow / fast:>10.3f}"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=ROOT / "build" / "bin")
    parser.add_argument("--target", default="z035")
    parser.add_argument("--windows", type=int, default=256)
    parser.add_argument("--rtl", action="store_true", help="speed of the Verilated engines instead")
    parser.add_argument("--traced", type=Path, help="bin folder of a build with BNNCC_RTL_TRACE")
    parser.add_argument("model", nargs="*", type=Path, help="model folders (default: all of models/)")
    args = parser.parse_args()
    if args.rtl:
        rtl(args.bin, args.traced, args.model[0] if args.model else ROOT / "models" / "ecg5")
        return
    folders = args.model or sorted(path.parent for path in ROOT.glob("models/*/model.onnx"))

    print(f"{'model':<16} {'compile ms':>10} {'cpu s':>8} {'session':>8} {'ratio':>6}", end="")
    print(f" {'sim windows/s':>14} {'ort windows/s':>14} {'sim/ort':>8}")
    for folder in folders:
        with tempfile.TemporaryDirectory() as name:
            program = Path(name, "model.bnn")
            command = [str(args.bin / "bnncc"), str(folder / "model.onnx"), "-o", str(program), f"--target={args.target}"]
            ms = compile_ms(command)
            twin = standard_twin(onnx.load(folder / "model.onnx"))
            cpu, made = cpu_of_both(command, twin, Path(name))
            print(f"{folder.name:<16} {ms:>10.1f} {cpu:>8.3f} {made:>8.3f} {cpu / made:>6.2f}", end="", flush=True)
            x = np.load(folder / "input.npy")
            x = np.resize(x, (args.windows, *x.shape[1:]))
            sim = simulator_speed(args.bin / "bnn-run", program, x, Path(name))
            ort, how = runtime_speed(twin, x)
            print(f" {sim:>14.0f} {ort:>14.0f} {sim / ort:>8.2f}  ({how})", flush=True)


if __name__ == "__main__":
    main()
