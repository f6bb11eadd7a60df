#!/usr/bin/env bash
# usage: shapes.sh FOLDER PYTHON shapes.py
# Every kind of shapes.py on z020: bit-exact or it fails.
set -euo pipefail
for kind in $("$2" "$3" --list); do
  folder=$1/$kind
  "$2" "$3" "$kind" "$folder"
  flags=--input-type=int8
  grep -q QuantizeLinear "$folder/model.onnx" && flags=
  bnncc "$folder/model.onnx" -o "$folder/p.bnn" $flags > "$folder/report"
  bnn-run "$folder/p.bnn" --input="$folder/input.npy" --expect="$folder/output.npy" > "$folder/run"
done
