#!/usr/bin/env python3
"""Formal properties of the engine's control blocks, by yosys-smtbmc.

Each job is a module of this folder that wraps a block, assumes what its neighbours
owe it and asserts what it owes them. `base` looks for a counterexample in the first
cycles after reset, `induction` then proves the properties for all time, `cover`
shows that the interesting case can happen at all. With --mutants each block gets
an error, and its job must refuse it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HW = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HW / "syn"))
from area import find_yosys


class Job(NamedTuple):
    source: str  # under formal/, with the top module
    top: str
    rtl: list[str]
    base: int  # cycles
    induction: int
    cover: int
    mutants: list[tuple[str, str]]  # in rtl[0]: this text, and what replaces it
    refused: int = 0  # cycles in which a mutant's counterexample is sought; 0: base
    arrays: bool = False  # memories stay arrays for the solver


PACKAGES = ["rtl/bnn_engine_pkg.sv", "rtl/seq/bnn_seq_pkg.sv"]
FIFO = "rtl/bus/bnn_fifo.sv"
RETIRE = ["rtl/seq/bnn_retire.sv", "rtl/seq/bnn_queue.sv"]
ADDRESS = ["rtl/seq/bnn_address.sv"]
JOBS = {
    "fifo": Job("fifo.sv", "fifo_properties", [FIFO], 12, 2, 12,
                [("if (pop_i && valid_o) head", "if (pop_i) head")]),
    "axi_read": Job("axi_read.sv", "axi_read_properties", ["rtl/bus/bnn_axi_read.sv", FIFO],
                    4, 1, 10, [("5'd16 - {1'b0, address[3:0]}", "5'd16")]),
    "axi_write": Job("axi_write.sv", "axi_write_properties", ["rtl/bus/bnn_axi_write.sv", FIFO],
                     4, 1, 14, [("aborted  <= ending", "aborted  <= abort_i")], 10),
    "axi_lite": Job("axi_lite.sv", "axi_lite_properties", ["rtl/bus/bnn_registers.sv"], 4, 1, 6,
                    [("awvalid_i && wvalid_i && (!bvalid_o || bready_i)",
                      "awvalid_i && wvalid_i")]),
    "region": Job("region.sv", "region_properties", ["rtl/bus/bnn_region.sv"], 4, 1, 10,
                  [("input_offset[29] ? input_offset : input_offset", "input_offset"),
                   ("beats > ~address[15:0]", "beats[15]")], 8),
    "fetch": Job("fetch.sv", "fetch_properties", ["rtl/bus/bnn_control.sv"], 6, 1, 16,
                 [("&& code_end_i[31:3] <= size_i", ""), ("&& !wraps", ""),
                  ("reuse && kept == count_o", "reuse && kept != 0")], 16),
    "queue": Job("queue.sv", "queue_properties", ["rtl/seq/bnn_queue.sv"], 12, 1, 12,
                 [("!count[BITS] || pop_i", "!count[BITS]")]),
    "tokens": Job("tokens.sv", "tokens_properties", ["rtl/seq/bnn_tokens.sv"], 6, 1, 6,
                  [("count != 10'd0 || now_i", "count != 10'd0")]),
    "retire": Job("retire.sv", "retire_properties", RETIRE, 4, 1, 20,
                  [("writer_left_i >= value_left;", "writer_left_i <= value_left;"),
                   (": TIME'(WRITE_DELAY - 2)", ": TIME'(WRITE_DELAY - 1)"),
                   ("(take && front_valid)", "(first_due && front_valid)")], 16, arrays=True),
    "issue": Job("issue.sv", "issue_properties", ["rtl/seq/bnn_issue.sv"], 4, 1, 12,
                 [("loop == word.lo || loop <= word.mid", "loop <= word.mid")]),
    "address": Job("address.sv", "address_properties", ADDRESS, 4, 1, 8,
                   [("weight[j] + 14'(weight_stride_i)",
                     "weight[j] + {1'b0, weight_stride_i}")], arrays=True),
    "address_multiple": Job("address.sv", "address_multiple_properties", [], 1, 1, 1, []),
    "address_sum": Job("address.sv", "address_sum_properties", ADDRESS, 4, 1, 8,
                       [("{2'b0, run_i.act_plane_stride, 1'b0}",
                         "17'(run_i.act_plane_stride)")]),
}


def run(command: list[str], work: Path, log: str, environment: dict[str, str]) -> str:
    """Empty if the command passed, else the end of what it said."""
    done = subprocess.run(command, cwd=work, env=environment, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    (work / log).write_text(done.stdout)
    return "" if done.returncode == 0 else done.stdout[-1500:]


def translate(name: str, work: Path, package: Path, mutant: tuple[str, str] | None) -> str:
    """Writes NAME.smt2 into the folder, where Yosys finds copies of all sources."""
    job = JOBS[name]
    sources = [package, *(HW / path for path in [*PACKAGES, *job.rtl, f"formal/{job.source}"])]
    for path in sources:
        shutil.copy(path, work / path.name)
    if mutant:
        path = work / Path(job.rtl[0]).name
        text = path.read_text()
        if text.count(mutant[0]) != 1:
            return f"'{mutant[0]}' is not once in {path.name}"
        path.write_text(text.replace(*mutant))
    files = " ".join(path.name for path in sources)
    script = (f"read_slang --threads 1 {files} --top {job.top}; "
              f"prep -flatten -top {job.top}; async2sync; chformal -lower; "
              f"{'' if job.arrays else 'memory_map; '}opt -full; dffunmap; setundef -anyseq -undriven; clean; "
              f"write_smt2 -wires {name}.smt2")
    return run([find_yosys(), "-p", script], work, f"{name}.log", dict(os.environ))


def prove(name: str, work: Path, package: Path, solver: str,
          mutant: tuple[str, str] | None = None) -> bool:
    job = JOBS[name]
    if error := translate(name, work, package, mutant):
        print(f"{name}: not read\n{error}")
        return False
    yosys = Path(find_yosys())
    smtbmc = str(yosys.with_name(f"{yosys.name}-smtbmc"))
    # The solver lies beside Yosys where both come from the Python index.
    environment = {**os.environ, "PATH": f"{yosys.parent}{os.pathsep}{os.environ['PATH']}"}
    steps = [("base", ["-t", str(job.base)]), ("induction", ["-i", "-t", str(job.induction)]),
             ("cover", ["-c", "-t", str(job.cover)])]
    if mutant:
        steps = [("mutant", ["-t", str(job.refused or job.base)])]
    good = True
    for kind, options in steps:
        begin = time.monotonic()
        trace = ["--dump-vcd", f"{name}.{kind}.vcd"]
        error = run([smtbmc, "-s", solver, *options, *trace, f"{name}.smt2"], work,
                    f"{name}.{kind}.log", environment)
        passed = bool(error) and "Assert failed" in error if mutant else not error
        verdict = {True: "refused" if mutant else "proved", False: "FAILED"}[passed]
        print(f"{name:16} {kind:9} {options[-1]:>3} cycles  {verdict}"
              f"  {time.monotonic() - begin:.1f} s", flush=True)
        if not passed:
            print(error)
        good = good and passed
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(JOBS)}")
    parser.add_argument("--package", type=Path, required=True,
                        help="the generated bnn_isa_pkg.sv")
    parser.add_argument("--work", type=Path, default=Path("proofs"), help="folder for Yosys")
    parser.add_argument("--solver", default="yices", help="as yosys-smtbmc names it")
    parser.add_argument("--mutants", action="store_true",
                        help="break each block: its job must refuse it")
    args = parser.parse_args()
    if unknown := [job for job in args.jobs if job not in JOBS]:
        parser.error(f"no job {unknown[0]}; there are {', '.join(JOBS)}")
    args.work.mkdir(parents=True, exist_ok=True)
    results = [prove(job, args.work, args.package, args.solver, mutant)
               for job in args.jobs or JOBS
               for mutant in (JOBS[job].mutants if args.mutants else [None])]
    print(f"{sum(results)} of {len(results)} passed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
