# bad-stdout.sh COMMAND...: runs it with standard output full, closed, and a pipe
# without a reader; each must end with exit code 1 and one line "error: ...".
set -u
check() {
  local name=$1 code=$2
  if [ "$code" != 1 ] || [ "$(wc -l < stderr.txt)" != 1 ] || ! grep -q '^error: standard output cannot be written: ' stderr.txt; then
    echo "standard output $name: exit code $code, standard error:" && cat stderr.txt
    exit 1
  fi
}
"$@" > /dev/full 2> stderr.txt
check full $?
"$@" >&- 2> stderr.txt
check closed $?
# The reader has gone before the command starts.
{ sleep 0.2; "$@" 2> stderr.txt; echo $? > code.txt; } | true
while [ ! -s code.txt ]; do sleep 0.1; done
check "a broken pipe" "$(cat code.txt)"
rm -f code.txt stderr.txt
