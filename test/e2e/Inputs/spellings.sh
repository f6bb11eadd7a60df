# Usage: spellings.sh FOLDER PYTHON SCRIPT: all networks of spellings.py against ONNX Runtime.
folder=$1
failed=0
for name in $("$2" "$3" "$folder"); do
  network="$folder/$name"
  if ! bnncc "$network/model.onnx" -o "$network/program.bnn" --input-type=int8 > "$network/report" 2>&1; then
    echo "$name: $(head -1 "$network/report")"
    failed=1
  elif ! bnn-run "$network/program.bnn" --input="$network/input.npy" --expect="$network/output.npy" > "$network/run" 2>&1; then
    echo "$name: $(tail -1 "$network/run")"
    failed=1
  fi
done
exit $failed
