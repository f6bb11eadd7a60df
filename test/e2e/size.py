"""Compile models stripped and hold the bytes of each program to a budget.

Usage: size.py [--bin=build/bin] [--write]

The budget is Inputs/sizes.json beside this file, bytes by model and target; a smaller program passes and says so. --write
sets it to what was measured."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUDGET = Path(__file__).parent / "Inputs" / "sizes.json"
TARGETS = ("z010", "z020", "z035")


def size(bnncc: Path, model: str, target: str) -> int:
    with tempfile.TemporaryDirectory() as name:
        program = Path(name, "model.bnn")
        source = ROOT / "models" / model / "model.onnx"
        subprocess.run([bnncc, source, "-o", program, f"--target={target}", "--strip"], check=True, capture_output=True)
        return program.stat().st_size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=ROOT / "build" / "bin", help="folder of the tools")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    budget = json.loads(BUDGET.read_text())
    found = {model: {target: size(args.bin / "bnncc", model, target) for target in TARGETS} for model in budget}
    over = 0
    for model, sizes in found.items():
        for target, count in sizes.items():
            limit = budget[model].get(target, 0)
            over += count > limit
            word = "over the budget of" if count > limit else "as allowed," if count == limit else "below the budget of"
            print(f"{model} {target}: {count} bytes, {word} {limit}")
    if args.write:
        BUDGET.write_text(json.dumps(found, indent=2) + "\n")
        return 0
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
