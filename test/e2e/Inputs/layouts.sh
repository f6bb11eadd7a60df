#!/usr/bin/env bash
# usage: layouts.sh FOLDER PYTHON layouts.py FIRST LAST
# Random networks FIRST..LAST, on a target each in turn: bit-exact or it fails.
set -euo pipefail
targets=(z010 z020 z035)
for seed in $(seq "$4" "$5"); do
  folder=$1/layout$seed
  "$2" "$3" "$seed" "$folder"
  # Some have a quantiser of their own, the others say what the input holds.
  flags=--input-type=int8
  grep -q QuantizeLinear "$folder/model.onnx" && flags=
  bnncc "$folder/model.onnx" -o "$folder/p.bnn" --target="${targets[$((seed % 3))]}" $flags > "$folder/report"
  bnn-run "$folder/p.bnn" --input="$folder/input.npy" --expect="$folder/output.npy" > "$folder/run"
done
