# Usage: networks.sh FOLDER KIND...: each kind of networks.py on every target, against ONNX Runtime.
set -e
folder=$1
python=$2
script=$3
shift 3
for kind in "$@"; do
  "$python" "$script" "$kind" "$folder/$kind"
  for target in z010 z020 z035; do
    bnncc "$folder/$kind/model.onnx" -o "$folder/$kind/$target.bnn" --target=$target $(cat "$folder/$kind/flags.txt")
    bnn-run "$folder/$kind/$target.bnn" --input="$folder/$kind/input.npy" --expect="$folder/$kind/output.npy"
  done
done
