# Usage: exit-code.sh CODE COMMAND...: succeeds if the command leaves with CODE.
want=$1
shift
"$@"
got=$?
[ $got -eq $want ] || { echo "exit code $got, must be $want: $*" >&2; exit 1; }
