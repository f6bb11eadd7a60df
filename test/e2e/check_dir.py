"""Compile models for targets and check their reference outputs, windows by windows, on the simulated engine.

Usage: check_dir.py [--bin=build/bin] [--device=NAME ...] FOLDER TARGET... [-- BNNCC-FLAGS...]

FOLDER is a model's folder (MODEL.onnx ..., input.npy, output.npy or one .npz with `x` and `logits`) or a folder of such
folders. Each model is one line; a model without a reference is checked by the compiler's own verification only, and says so.
Exits 1 if anything failed."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def reference(folder: Path, scratch: Path) -> tuple[Path, Path] | None:
    """Files of the input and the expected output, or None."""
    if (folder / "input.npy").exists() and (folder / "output.npy").exists():
        return folder / "input.npy", folder / "output.npy"
    archives = sorted(folder.glob("*.npz"))
    if len(archives) != 1:
        return None
    arrays = np.load(archives[0])
    files = scratch / "input.npy", scratch / "output.npy"
    for path, key in zip(files, ("x", "logits"), strict=True):
        np.save(path, arrays[key])
    return files


def run(command: list) -> tuple[bool, str]:
    """Whether the command succeeded, and its last word."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace")
    words = (done.stderr or done.stdout).strip().splitlines()
    return done.returncode == 0, f"exit code {done.returncode}: {words[-1] if words else ''}"


def check(model: Path, target: str, tools: Path, devices: list[str], flags: list[str]) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        program, again = scratch / "model.bnn", scratch / "again.bnn"
        for out in (program, again):
            good, text = run([tools / "bnncc", model, "-o", out, f"--target={target}", *flags])
            if not good:
                return False, f"bnncc {text}"
        if program.read_bytes() != again.read_bytes():
            return False, "two compilations differ"
        good, text = run([tools / "bnn-objdump", program, "-d", "--source"])
        if not good:
            return False, f"bnn-objdump {text}"
        files = reference(model.parent, scratch)
        if files is None:
            return True, "compiled and verified, no reference output"
        for device in devices:
            good, text = run(
                [tools / "bnn-run", program, f"--input={files[0]}", f"--expect={files[1]}", f"--device={device}"]
            )
            if not good:
                return False, f"bnn-run on {device} {text}"
        return True, f"{len(np.load(files[0]))} windows equal on {', '.join(devices)}"


def main() -> int:
    own = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    flags = sys.argv[len(own) + 2 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=ROOT / "build" / "bin", help="folder of the tools")
    parser.add_argument("--device", action="append", help="bnn-run's devices; default: sim")
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", nargs="+")
    args = parser.parse_args(own)

    models = sorted(args.folder.glob("*.onnx")) or sorted(args.folder.glob("*/*.onnx"))
    failed = 0
    for model in models:
        for target in args.target:
            good, text = check(model, target, args.bin, args.device or ["sim"], flags)
            failed += not good
            print(f"{'ok  ' if good else 'FAIL'} {model.parent.name}/{model.name} {target}: {text}", flush=True)
    count = len(models) * len(args.target)
    print(f"{count - failed} of {count} passed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
