"""Damage a program file in many ways and require bnn-run to refuse each with exit code 1 and one `error:` line.

Usage: damage.py flip|truncate BNN-RUN PROGRAM.bnn INPUT.npy"""

import subprocess
import sys
import tempfile
from pathlib import Path


def flipped(program: bytes):
    """One bit inverted: every bit of the first 64 bytes, then one in each of 100 places."""
    places = [*range(64 * 8), *range(64 * 8, len(program) * 8, max(1, len(program) * 8 // 100))]
    for bit in places:
        damaged = bytearray(program)
        damaged[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit % 8} of byte {bit // 8} inverted", bytes(damaged)


def truncated(program: bytes):
    """Every length up to 64 bytes, then 100 more, and one byte too many."""
    for size in [*range(64), *range(64, len(program), max(1, len(program) // 100)), len(program) - 1]:
        yield f"cut to {size} bytes", program[:size]
    yield "one byte longer", program + b"\0"


def main() -> int:
    kind, bnn_run, path, array = sys.argv[1:]
    program = Path(path).read_bytes()
    count = 0
    with tempfile.TemporaryDirectory() as name:
        damaged, output = Path(name, "damaged.bnn"), Path(name, "output.npy")
        for what, data in (flipped if kind == "flip" else truncated)(program):
            damaged.write_bytes(data)
            done = subprocess.run(
                [bnn_run, damaged, f"--input={array}", f"--output={output}"], capture_output=True, text=True, timeout=60
            )
            lines = done.stderr.splitlines()
            if done.returncode != 1 or len(lines) != 1 or not lines[0].startswith("error: ") or output.exists():
                print(f"{what}: exit code {done.returncode}, standard error: {done.stderr}")
                return 1
            count += 1
    print(f"refused {count} damaged programs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
