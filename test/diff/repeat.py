"""Judge stored cases again: repeat.py [--bin=build/bin] FOLDER...   (each with model.onnx, input.npy, flags.txt)

Prints the verdict and where the results differ; exits 1 if any case fails."""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
from differential import BAD
from judge import judge
from nets import Case


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=Path(__file__).resolve().parents[2] / "build" / "bin")
    parser.add_argument("folders", nargs="+", type=Path)
    args = parser.parse_args()
    failed = 0
    for folder in args.folders:
        flags = (folder / "flags.txt").read_text().split()
        target = next((f[9:] for f in flags if f.startswith("--target=")), "z020")
        flags = [f for f in flags if not f.startswith("--target=")]
        verdict = judge(Case(onnx.load(folder / "model.onnx"), flags, np.load(folder / "input.npy")), target, args.bin)
        print(
            f"{folder} {target}: {verdict.kind} {verdict.text}",
            *(f"  {k}: {v}" for k, v in verdict.details.items()),
            sep="\n",
            flush=True,
        )
        failed += verdict.kind in BAD
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
