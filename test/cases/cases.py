"""Every kind of case in small: exact on all targets, or refused by the line that is expected.

Usage: cases.py [--bin=build/bin] [KIND ...]
       cases.py --table=docs/cases.md           (the table there must be that of the kinds; with --write it is made so)

Exact means: equal to ONNX Runtime (QONNX's executor for its operators) and to the exact evaluator of test/diff; to the latter alone where no
executor takes the model. Prints one line a kind
that fails, and the counts; exits 1 if any did."""

import argparse
import sys
import zlib
from pathlib import Path

import net
import oddities
import shapes
import signs
import spellings
import values
from judge import TARGETS, judge
from nets import Case

MARK = "<!-- made by test/cases/cases.py --table -->\n\n"
MODULES = (signs, values, shapes, spellings, oddities)


def build(kind: net.Kind) -> Case:
    g = net.Net(zlib.crc32(kind.name.encode()), kind.opset)
    windows = kind.make(g)
    model = g.model()
    if g.change:
        g.change(model)
    return Case(model, g.flags, windows, g.padded_zeros)


def table() -> str:
    rows = ["| kind | what it holds | expected | test |", "|---|---|---|---|"]
    for kind in net.KINDS.values():
        text = " ".join(kind.make.__doc__.split()).replace("|", "\\|")
        expected = kind.expect if kind.expect == "exact" else f"refused: `{kind.expect}`"
        rows.append(f"| `{kind.name}` | {text} | {expected} | `test/cases/{kind.make.__module__}.py`: `{kind.make.__name__}` |")
    return "\n".join(rows) + "\n"


def check_table(document: Path, write: bool) -> int:
    """The table begins after the line that is MARK and goes on to the end."""
    head, mark, found = document.read_text().partition(MARK)
    if write:
        document.write_text(head + MARK + table())
        return 0
    if not mark or found != table():
        print(f"{document} is not the table of the kinds: run test/cases/cases.py --table={document} --write")
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=Path(__file__).resolve().parents[2] / "build" / "bin")
    parser.add_argument("--table", type=Path, help="the document whose table is checked")
    parser.add_argument("--write", action="store_true", help="with --table: write it")
    parser.add_argument("kinds", nargs="*")
    args = parser.parse_args()
    if args.table:
        return check_table(args.table, args.write)
    failed = 0
    chosen = [net.KINDS[name] for name in args.kinds] or list(net.KINDS.values())
    for kind in chosen:
        case = build(kind)
        for target in TARGETS:
            verdict = judge(case, target, args.bin)
            good = verdict.kind in ("equal", "exact") if kind.expect == "exact" else verdict.kind == "refused" and kind.expect in verdict.text
            if not good:
                failed += 1
                print(f"{kind.name} {target}: expected {kind.expect}, found {verdict.kind} {verdict.text[:300]}", flush=True)
                break
    print(f"{len(chosen) - failed} of {len(chosen)} kinds as expected on {', '.join(TARGETS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
