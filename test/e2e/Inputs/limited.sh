# limited.sh "ULIMIT OPTIONS" COMMAND...: runs it under the limits and prints
# "EXIT CODE|LINES ON STANDARD ERROR|STANDARD ERROR".
limits=$1 && shift
error=$( (ulimit -c 0 && ulimit $limits && timeout 120 "$@" 2>&1 > /dev/null) )
code=$?
echo "$code|$(printf '%s\n' "$error" | grep -c .)|$error"
