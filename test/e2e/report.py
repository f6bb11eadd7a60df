"""Holds the two reports of a program against each other, against the graph and against the loader.

report.py MODEL.onnx INPUT.npy FOLDER [bnncc options]"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text, re.M)
    assert found, f"no line matches {pattern}:\n{text}"
    return int(found.group(1).replace(",", ""))


def main() -> int:
    model, windows, folder, *options = sys.argv[1:]
    program = str(Path(folder) / "report.bnn")
    text = run("bnncc", model, "-o", program, *options)
    report = json.loads(run("bnncc", model, "-o", program, "--report=json", *options))
    stats = json.loads(run("bnn-run", program, f"--input={windows}", "--stats=json"))
    listing = run("bnn-objdump", program)
    problems = []

    def same(what: str, *values: object) -> None:
        if len(set(values)) != 1:
            problems.append(f"{what}: {values}")

    # The loader counts what the compiler predicts; two quantities that differ cannot be exchanged unseen.
    same("cycles", report["cycles"], number(r"^cycles +(\d+) per window", text), round(stats["cycles_per_window"]), stats["predicted_cycles"])
    same("latency", report["latency"], number(r"^cycles .* latency (\d+)", text), stats["latency"], stats["predicted_latency"])
    same("cold cycles", report["cold_cycles"], number(r"^cycles .* (\d+) to load", text), stats["cold_cycles"])
    same("HP cycles", report["hp_port"]["cycles"], number(r"^HP port +at most (\d+)", text), stats["hp_cycles"])
    same("HP latency", report["hp_port"]["latency"], number(r"^HP port .* latency (\d+)", text), stats["hp_latency"])
    if report["cycles"] == report["latency"] or report["hp_port"]["cycles"] < report["cycles"]:
        problems.append("cycles, latency and their bounds cannot be told apart")

    # Sizes of the file and of a window.
    for key, pattern in {"instructions": r"code (\d+) bytes", "microcode": r"microcode (\d+)", "weights": r"weights (\d+)", "thresholds": r"thresholds (\d+)", "input": r"input (\d+) bytes", "output": r"output (\d+)"}.items():
        same(f"bytes of {key}", report["bytes"][key], number(pattern, listing))
    same("code", number(r"^code +(\d+) bytes", text), report["bytes"]["instructions"] + report["bytes"]["microcode"])
    used = dict(re.findall(r"(\w+) (\d+/\d+)", re.search(r"^buffers +(.*)$", text, re.M).group(1)))
    for name, key in {"lanes": "lane_words", "weights": "weight_rows", "thresholds": "threshold_rows", "control": "control_words", "output": "output_words"}.items():
        buffer = report["buffers"][key]
        same(f"buffer {name}", used[name], f"{buffer['used']}/{buffer['available']}")
        same(f"target's {key}", f"{key}={buffer['available']}" in listing, True)
    if not report["buffers"]["lane_words"]["lower_bound"] <= report["buffers"]["lane_words"]["used"]:
        problems.append("fewer lane words than the lower bound")

    # The layers, from the graph's own weights; the table has the same rows.
    weights = {t.name: t.dims for t in onnx.load(model).graph.initializer}
    convolutions = [n for n in onnx.load(model).graph.node if n.op_type == "Conv"]
    rows = re.findall(r"^(\S+) +(\d+x\d+x\d+) +(\d+x\d+x\d+) +(\d+x\d+) +(\d+x\d+) +(\d+) +(\d+) +(\d+) +([\d.]+) %$", text, re.M)
    same("layers", len(report["layers"]), len(rows), number(r"^layers +(\d+)", text), len(convolutions))
    for layer, row, node in zip(report["layers"], rows, convolutions, strict=True):
        outputs, inputs, *kernel = weights[node.input[1]]
        kernel = kernel if len(kernel) == 2 else [1, *kernel]
        same("name", layer["name"], node.name)
        same("row's name", row[0].removeprefix("..."), (layer["module"] or layer["name"])[-len(row[0].removeprefix("...")) :])
        same("input channels", layer["input"][0], inputs)
        same("kernel", "x".join(map(str, kernel)), "x".join(map(str, layer["kernel"])), row[3])
        same("weight bits", layer["weight_bits"], int(np.prod(weights[node.input[1]])), int(row[6]))
        same("row", row[1:3], tuple("x".join(map(str, layer[key])) for key in ("input", "output")))
        same("stride", row[4], "x".join(map(str, layer["strides"])))
        same("MAC", layer["macs"], int(row[5]))
        if layer["macs"] % layer["weight_bits"]:
            problems.append(f"{layer['macs']} MAC for {layer['weight_bits']} weights")
        same("cycles of a layer", layer["cycles"], int(row[7]))
        same("utilisation", f"{100 * layer['utilisation']:.1f}", row[8])
    slowest = max(report["layers"], key=lambda layer: layer["cycles"])
    same("slowest", number(r"^slowest .*: (\d+) of", text), slowest["cycles"])
    same("sum of cycles", number(r"^slowest .* of (\d+) cycles", text), sum(layer["cycles"] for layer in report["layers"]))
    if sum(layer["cycles"] for layer in report["layers"]) > report["latency"]:
        problems.append("the layers take longer than a window")

    for problem in problems:
        print(f"reports disagree about {problem}")
    print(f"{len(report['layers'])} layers, {len(problems)} disagreements")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
