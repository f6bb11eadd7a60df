#!/usr/bin/env python3
"""Cycles, utilisation, time and traffic of networks on the built-in targets, measured
on the Verilated engine: the table of docs/results.md.

    table.py [--bin build/bin] [--windows N] [--target z020 ...] MODEL_FOLDER ...

A folder holds model.onnx and input.npy, as those under models/. Every run has the
golden model beside it (--scoreboard): outputs must be equal, and on ideal memory all
cycle figures. A row is only printed when the engine's cycles are the compiler's.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*command) -> str:
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"error: {' '.join(str(part) for part in command)}\n{run.stderr.strip()}")
    return run.stdout


def row(folder: pathlib.Path, target: str, args, work: pathlib.Path) -> str:
    program = work / "p.bnn"
    report = json.loads(call(args.bin / "bnncc", folder / "model.onnx", "-o", program,
                             f"--target={target}", "--report=json"))
    data = np.load(folder / "input.npy")
    few = work / "input.npy"
    np.save(few, data[: args.windows])

    def measured(memory: str) -> dict:
        return json.loads(call(args.bin / "bnn-run", program, f"--input={few}", f"--device=rtl:{memory}",
                               "--scoreboard", "--stats=json"))

    ideal, port = measured("ideal"), measured("hp")
    if (ideal["cycles_per_window"], ideal["latency"]) != (report["cycles"], report["latency"]):
        sys.exit(f"error: {folder.name} on {target}: predicted {report['cycles']} and {report['latency']} cycles, "
                 f"the engine took {ideal['cycles_per_window']} and {ideal['latency']}")
    windows = ideal["windows"]
    moved = (ideal["load_bytes"] + ideal["store_bytes"]) / windows
    # Compulsory: 8-bit samples in, 32-bit scores out.
    scores = report["layers"][-1]["output"][0]
    compulsory = data[0].size + 4 * scores + report["bytes"]["weights_streamed_per_window"]
    bound = report["hp_port"]
    return (f"| `{folder.name}` | {target} | {report['cycles']:,} | {port['cycles_per_window']:,.0f} | {bound['cycles']:,} | "
            f"{report['latency']:,} | {port['latency']:,} | {bound['latency']:,} | {100 * report['utilisation']:.1f} % | {report['microseconds']:.2f} | "
            f"{moved:,.0f} | {moved / compulsory:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--target", action="append", choices=["z010", "z020", "z035"])
    args = parser.parse_args()
    print("| network | target | cycles a window | HP port | bound | latency | HP port | bound | utilisation | us at 100 MHz | "
          "bytes a window | over compulsory |\n|---|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        for folder in args.folders:
            for target in args.target or ["z010", "z020", "z035"]:
                print(row(folder, target, args, pathlib.Path(work)), flush=True)


if __name__ == "__main__":
    main()
