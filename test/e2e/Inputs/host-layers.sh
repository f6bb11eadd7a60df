# usage: host-layers.sh FOLDER PYTHON GENERATOR KIND...: each network of the
# generator is compiled for every target and gives ONNX Runtime's outputs.
set -eu
folder=$1 python=$2 generator=$3
shift 3
for kind in "$@"; do
  model=$folder/$kind
  "$python" "$generator" "$kind" "$model"
  for target in z010 z020 z035; do
    bnncc "$model/model.onnx" -o "$model/$target.bnn" --target=$target $(cat "$model/flags.txt") > "$model/report.txt"
    second=
    if [ -e "$model/output1.npy" ]; then
      second="--expect=$(cat "$model/second.txt")=$model/output1.npy"
    fi
    bnn-run "$model/$target.bnn" --input="$model/input.npy" --expect="$model/output.npy" $second
  done
done
