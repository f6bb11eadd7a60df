# memory.sh MODEL INPUT FOLDER: runs the tools under ever larger limits of memory,
# from where they start at all to where they succeed; in between each run must leave
# with exit code 1 and one line that names memory.
set -u
model=$1 input=$2 folder=$3
bnncc "$model" -o "$folder/m.bnn" > /dev/null || exit 1
climb() {
  local limit=4000 met=0 code
  while [ $limit -lt 4000000 ]; do
    (ulimit -c 0 && ulimit -v $limit && exec "$@" > "$folder/out.txt" 2> "$folder/err.txt") 2> "$folder/shell.txt"
    code=$?
    [ $code = 0 ] && break
    if [ $code = 1 ] && [ "$(wc -l < "$folder/err.txt")" = 1 ] && grep -qi '^error: .*\(out of memory\|cannot allocate memory\)' "$folder/err.txt"; then
      met=$((met + 1))
    elif [ $met -gt 0 ] || grep -q '^error:' "$folder/err.txt"; then # else it did not start
      echo "$* under $limit KiB: exit code $code, standard error:" && cat "$folder/err.txt"
      exit 1
    fi
    limit=$((limit * 21 / 20))
  done
  [ $code = 0 ] || { echo "$* never succeeds"; exit 1; }
  echo "$met runs of $1 met their limit"
}
climb bnncc "$model" -o "$folder/m2.bnn"
climb bnn-run "$folder/m.bnn" --input="$input"
climb bnn-objdump -d --source "$folder/m.bnn"
