"""Line and toggle coverage of the engine's control modules under its benches.

Usage: coverage.py BIN

Runs bnn-tb-engine, bnn-tb-microcode and bnn-tb-registers of BIN (built with BNNCC_RTL_COVERAGE), and prints per module of rtl/seq and
rtl/bus how many of its points were reached: branches entered, and bits that rose and fell. A point that several instances
of a module share counts once. Ends with the lines that were never reached."""

import collections
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = [
    ["bnn-tb-engine", "--legal=60", "--damaged=100"],
    ["bnn-tb-engine", "--memory=random", "--legal=20", "--damaged=30"],
    ["bnn-tb-microcode"],
    ["bnn-tb-registers"],
]


def points(path: Path):
    """(kind, module, file, line, what, count) of every line of a coverage file."""
    for line in path.read_text(errors="replace").splitlines():
        match = re.fullmatch(r"C '(.*)' (\d+)", line)
        if not match:
            continue
        fields = dict(part.split("\x02", 1) for part in match[1].split("\x01") if part)
        kind, module = fields["page"].split("/", 1)
        what = fields.get("n", ""), fields.get("o", "")
        yield kind.removeprefix("v_"), module.split("__")[0], fields["f"], int(fields["l"]), what, int(match[2])


def main() -> None:
    tools = Path(sys.argv[1])
    counts: dict[tuple, int] = collections.Counter()
    for run in RUNS:
        with tempfile.TemporaryDirectory() as name:
            data = Path(name, "coverage.dat")
            command = [str(tools / run[0]), *run[1:]]
            print(" ".join(run), flush=True)
            subprocess.run(command, check=True, env={**os.environ, "BNN_COVERAGE": str(data)})
            for *point, count in points(data):
                counts[tuple(point)] += count

    table: dict[tuple[str, str], list[int]] = collections.defaultdict(lambda: [0, 0, 0, 0])
    for (kind, module, file, *_), count in counts.items():
        row = table[Path(file).parent.name, module]
        column = 2 if kind == "toggle" else 0
        row[column] += count > 0
        row[column + 1] += 1
    print(f"{'module':<28} {'lines':>16} {'toggles':>20}")
    for (folder, module), (lines, all_lines, toggles, all_toggles) in sorted(table.items()):
        percent = lambda got, total: f"{got}/{total} {100 * got / total:5.1f} %" if total else "-"  # noqa: E731
        print(f"{folder + '/' + module:<28} {percent(lines, all_lines):>16} {percent(toggles, all_toggles):>20}")
    missed = sorted({(Path(file).name, line) for (kind, _, file, line, _), count in counts.items()
                     if kind != "toggle" and not count})
    print("lines not reached:", ", ".join(f"{file}:{line}" for file, line in missed) or "none")


if __name__ == "__main__":
    main()
