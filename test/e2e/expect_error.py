"""Run a command that must refuse its input: exit code 1, one `error:` line on standard error, nothing written.

Usage: expect_error.py FOLDER COMMAND...   FOLDER is made anew for the command to write into and must stay empty.
Prints the error line, for FileCheck."""

import shutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    folder, command = Path(sys.argv[1]), sys.argv[2:]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)

    problems = []
    lines = done.stderr.splitlines()
    if done.returncode != 1:
        problems.append(f"exit code {done.returncode}, must be 1")
    if len(lines) != 1 or not lines[0].startswith("error: "):
        problems.append("standard error must be one line 'error: ...'")
    if "see current operation" in done.stderr:
        problems.append("the message must not print operations")
    if done.stdout:
        problems.append("standard output must be empty")
    problems += [f"wrote {path.name}" for path in sorted(folder.iterdir())]

    if not problems:
        print(lines[0])
        return 0
    for problem in problems:
        print(f"expect_error: {problem}", file=sys.stderr)
    print(f"command: {' '.join(command)}\nstdout: {done.stdout}\nstderr: {done.stderr}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
