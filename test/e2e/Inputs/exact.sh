#!/usr/bin/env bash
# usage: exact.sh FOLDER...
# Each folder's model.onnx with the flags of flags.txt, on a target each in turn,
# against input.npy and output.npy: bit-exact or it fails.
set -euo pipefail
targets=(z010 z020 z035)
number=0
for folder in "$@"; do
  flags=$(< "$folder/flags.txt")
  target=${targets[$((number++ % 3))]}
  bnncc "$folder/model.onnx" -o "$folder/p.bnn" --target="$target" $flags > "$folder/report"
  bnn-run "$folder/p.bnn" --input="$folder/input.npy" --expect="$folder/output.npy"
done
