"""Compile and run the exported networks and compare with what ONNX Runtime gave: check.py [--bin=build/bin] [FIXTURE.npz ...]

Each fixture goes to every built-in target. One line a failure and the counts; exits 1 if there was any."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TARGETS = ("z010", "z020", "z035")


def run(*command: object) -> tuple[bool, str]:
    """Whether the command succeeded, and its last word."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", check=False)
    words = (done.stderr or done.stdout).strip().splitlines()
    return done.returncode == 0, words[-1] if words else f"exit code {done.returncode}"


def check(fixture: Path, target: str, tools: Path, scratch: Path) -> str:
    """What went wrong, or nothing."""
    stored = np.load(fixture)
    model, program, given = (scratch / name for name in ("model.onnx", "model.bnn", "x.npy"))
    model.write_bytes(stored["model"].tobytes())
    np.save(given, stored["x"])
    good, text = run(tools / "bnncc", model, "-o", program, f"--target={target}", *stored["flags"].tolist())
    if not good:
        return text
    expected = []
    outputs = stored["outputs"].tolist() if "outputs" in stored.files else [""]
    for k, output in enumerate(outputs):
        np.save(scratch / f"y{k}.npy", stored[f"y{k}"])
        expected.append(f"--expect={output}{'=' if output else ''}{scratch / f'y{k}.npy'}")
    good, text = run(tools / "bnn-run", program, f"--input={given}", *expected)
    return "" if good else f"bnn-run: {text}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=Path(__file__).resolve().parents[2] / "build" / "bin")
    parser.add_argument("fixtures", nargs="*", type=Path, default=sorted((Path(__file__).parent / "fixtures").glob("*.npz")))
    args = parser.parse_args()
    failed = 0
    for fixture in args.fixtures:
        for target in TARGETS:
            with tempfile.TemporaryDirectory() as scratch:
                wrong = check(fixture, target, args.bin, Path(scratch))
            if wrong:
                failed += 1
                print(f"{fixture.stem} {target}: {wrong}", flush=True)
                break
    print(f"{len(args.fixtures) - failed} of {len(args.fixtures)} exported networks equal ONNX Runtime on {', '.join(TARGETS)}")
    return 1 if failed or not args.fixtures else 0


if __name__ == "__main__":
    sys.exit(main())
