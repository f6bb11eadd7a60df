#!/usr/bin/env python3
"""Proves that each primitive module with its cells equals its behavioural twin.

The cells are Yosys' own models of the 7-series. Combinational modules are proved for
all inputs by SAT; the DSP by induction over two cycles from any equal outputs.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HW = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(HW / "syn"))
from area import CELLS, find_yosys  # noqa: E402

COMBINATIONAL = "sat -verify -prove trigger 0 miter"
SEQUENTIAL = "sat -verify -tempinduct -maxsteps 4 -set-init-zero -prove trigger 0 miter"
PROOFS = [
    ("bnn_popcount8", {}, COMBINATIONAL),
    ("bnn_byte_adder_domain", {}, COMBINATIONAL),
    *[("bnn_mux", {"INPUTS": n, "WIDTH": 2}, COMBINATIONAL) for n in (2, 4, 8, 16, 32, 64)],
    *[("bnn_lut", {"INIT": n, "WIDTH": 2}, COMBINATIONAL) for n in
      ("64'hfffe_fffa_eeee_aaaa", "64'heefa_1105_1105_eefa")],
    *[("bnn_greater", {"WIDTH": n}, COMBINATIONAL) for n in (2, 24)],
    ("bnn_dsp_simd_domain", {"LANES": 2, "AB_REGISTER": 1}, SEQUENTIAL),
    ("bnn_dsp_simd_domain", {"LANES": 4, "AB_REGISTER": 0}, SEQUENTIAL),
]


def script(top, parameters, goal, sources):
    flags = " ".join(f"-G {name}={value}" for name, value in parameters.items())
    boxes = " ".join(f"--blackboxed-module {cell}" for cell in CELLS)
    read = f"read_slang --threads 1 {flags} {boxes} --top {top}"
    return "\n".join([
        f"{read} {' '.join(sources)}",
        "proc", "flatten", f"rename {top} twin", "design -stash twin",
        f"{read} -D BNN_PRIMITIVES {' '.join(sources)}",
        *(f"delete ={cell}" for cell in CELLS),
        "read_verilog +/xilinx/cells_sim.v",
        f"hierarchy -top {top}", "proc", "flatten", f"rename {top} cells",
        "design -stash cells",
        "design -copy-from twin -as twin twin", "design -copy-from cells -as cells cells",
        "miter -equiv -make_outputs -flatten twin cells miter", "hierarchy -top miter",
        "opt -full", goal,
    ]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, default=Path("prim-proofs"), help="folder for Yosys")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    sources = sorted((HW / "rtl" / "prim").glob("*.sv"))
    sources += [HW / "formal" / "prim" / "domains.sv", HW / "sim" / "xilinx_cells.sv"]
    for path in sources:
        shutil.copy(path, args.work / path.name)
    failed = 0
    for top, parameters, goal in PROOFS:
        (args.work / "prove.ys").write_text(
            script(top, parameters, goal, [path.name for path in sources]))
        run = subprocess.run([find_yosys(), "-q", "-s", "prove.ys"], cwd=args.work,
                             capture_output=True, text=True, check=False)
        sizes = " ".join(f"{name}={value}" for name, value in parameters.items())
        print(f"{'equal' if run.returncode == 0 else 'NOT PROVED':10} {top} {sizes}", flush=True)
        if run.returncode:
            print(run.stdout[-1500:] + run.stderr[-1500:])
        failed += run.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
