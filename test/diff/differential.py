"""Compile random small networks, run them, and compare with an outside executor and with an exact evaluation.

Usage: differential.py [--bin=build/bin] [--seed=1] [--first=0] [--count=500] [--least=40] [--keep=FOLDER] [--reduce]

Prints one line for each failure and the counts at the end. Fails where a result differs, a tool crashes, hangs or refuses what it
compiled, or where fewer than `least` per cent compiled. The targets take turns. --keep stores each failure as a folder of its own
(model.onnx, input.npy, flags.txt); --reduce makes it smaller first."""

import argparse
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import nets
import numpy as np
import onnx
from judge import TARGETS, Verdict, judge

BAD = ("DIFFERENT", "CRASH", "HANG", "RUN-REFUSED")


def store(folder: Path, case: nets.Case, target: str, verdict: Verdict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(case.model, folder / "model.onnx")
    np.save(folder / "input.npy", case.windows)
    (folder / "flags.txt").write_text(" ".join([f"--target={target}", *case.flags]) + "\n")
    (folder / "verdict.txt").write_text(f"{verdict.kind} {verdict.text}\n" + "".join(f"{k}: {v}\n" for k, v in verdict.details.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=Path(__file__).resolve().parents[2] / "build" / "bin", help="folder of the tools")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--least", type=int, default=40, help="per cent that must compile")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--reduce", action="store_true")
    parser.add_argument("-v", action="store_true", help="one line a network")
    args = parser.parse_args()

    counts: Counter = Counter()
    refusals: Counter = Counter()
    windows, start = 0, time.process_time()
    for index in range(args.first, args.first + args.count):
        case, target = nets.build(args.seed, index), TARGETS[index % len(TARGETS)]
        try:
            verdict = judge(case, target, args.bin)
        except Exception:
            print(f"network {index}: the test itself failed", traceback.format_exc(), sep="\n", flush=True)
            verdict = Verdict("FAULT")
        counts[verdict.kind] += 1
        windows += verdict.windows
        if verdict.kind == "refused":
            refusals[verdict.text] += 1
        if args.v or verdict.kind in BAD:
            print(f"network {index} {target} {' '.join(case.flags)}: {verdict.kind} {verdict.text}", flush=True)
        if verdict.kind in BAD and args.keep:
            if args.reduce:
                from reduce import reduce

                case, verdict = reduce(case, target, args.bin, verdict)
            store(args.keep / f"{args.seed}-{index}", case, target, verdict)
    ran = args.count - counts["refused"] - counts["none"]
    share = 100 * ran // max(args.count, 1)
    print(f"seed {args.seed}, networks {args.first} to {args.first + args.count - 1}, {windows} windows compared:")
    print("  " + ", ".join(f"{kind} {counts[kind]}" for kind in sorted(counts)))
    print(f"  {share} % compiled (at least {args.least} % must), {time.process_time() - start:.0f} s CPU in this process")
    failed = sum(counts[kind] for kind in (*BAD, "FAULT"))
    return 1 if failed or share < args.least else 0


if __name__ == "__main__":
    sys.exit(main())
