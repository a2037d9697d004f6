# Brings work while the others are busy: 20 urgent files, and a directory that was not there before.
set -eu
fill() { # DIRECTORY COUNT
  mkdir -p "$INBOX/$1"
  i=0
  while [ "$i" -lt "$2" ]; do
    seq 1 2000 >"$INBOX/$1/.$i"
    mv -- "$INBOX/$1/.$i" "$INBOX/$1/fed-$i.txt"
    i=$((i + 1))
  done
}
fill urgent 20
fill late 8
echo "worked 28" >&"$PEAKD_REPORT_FD"
