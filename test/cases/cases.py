"""Every kind of case in small: exact on all targets, or refused by the line that is expected.

Usage: cases.py [--bin=build/bin] [KIND ...]

Exact means: equal to ONNX Runtime (QONNX's executor for its operators) and to the exact evaluator of test/diff. Prints one line a kind
that fails, and the counts; exits 1 if any did."""

import argparse
import sys
import zlib
from pathlib import Path

import net
import oddities
import shapes
import signs
import values
from judge import TARGETS, judge
from nets import Case

MODULES = (signs, values, shapes, oddities)


def build(kind: net.Kind) -> Case:
    g = net.Net(zlib.crc32(kind.name.encode()), kind.opset)
    windows = kind.make(g)
    model = g.model()
    if g.change:
        g.change(model)
    return Case(model, g.flags, windows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=Path(__file__).resolve().parents[2] / "build" / "bin")
    parser.add_argument("--list", action="store_true", help="only name the kinds")
    parser.add_argument("kinds", nargs="*")
    args = parser.parse_args()
    if args.list:
        print("\n".join(net.KINDS))
        return 0
    failed = 0
    chosen = [net.KINDS[name] for name in args.kinds] or list(net.KINDS.values())
    for kind in chosen:
        case = build(kind)
        for target in TARGETS:
            verdict = judge(case, target, args.bin)
            good = verdict.kind == "equal" if kind.expect == "exact" else verdict.kind == "refused" and kind.expect in verdict.text
            if not good:
                failed += 1
                print(f"{kind.name} {target}: expected {kind.expect}, found {verdict.kind} {verdict.text[:300]}", flush=True)
                break
    print(f"{len(chosen) - failed} of {len(chosen)} kinds as expected on {', '.join(TARGETS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
