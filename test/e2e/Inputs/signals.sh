# signals.sh MODEL FOLDER: ends bnncc at many moments by each signal; the old output
# stays whole or is the new one, nothing else is left, and nothing is printed.
set -u
model=$1 folder=$2
mkdir -p "$folder" && cd "$folder"
bnncc "$model" -o new.txt > /dev/null || exit 1
for signal in INT TERM HUP QUIT KILL USR1 XCPU; do
  for delay in 0.00 0.02 0.08; do
    echo old > m.bnn
    bash -c "ulimit -c 0; exec bnncc '$model' -o m.bnn" > out.txt 2> err.txt &
    sleep $delay && kill -$signal $! 2> /dev/null
    wait $! 2> /dev/null
    if ! { echo old | cmp -s - m.bnn || cmp -s new.txt m.bnn; } || grep -q . err.txt || [ "$(ls -A | wc -l)" != 4 ]; then
      echo "$signal after $delay s:" && ls -lA && cat err.txt
      exit 1
    fi
  done
done
