# through-fifo.sh GOT COMMAND... FIFO: runs the command in GOT's folder with its last
# argument's file a FIFO, whose reader writes GOT; the FIFO must still be one after it.
set -eu
got=$1 && shift
fifo=${!#} && fifo=${fifo#--output=}
cd "$(dirname "$got")"
rm -f "$fifo" && mkfifo "$fifo"
timeout 60 cat "$fifo" > "$got" &
timeout 60 "$@" > through-fifo.txt
wait $!
test -p "$fifo"
rm -f "$fifo" through-fifo.txt
