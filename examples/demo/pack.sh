# Packs the files of $FROM into $TO, ten a run. Each is there as a whole or not at all: it is packed under
# another name and renamed, and only then is the original removed.
set -eu
cd "$FROM"
n=0
for f in *.txt; do
  [ -e "$f" ] || break
  if [ "$n" -eq 10 ]; then
    echo "worked $n more" >&"$PEAKD_REPORT_FD"
    exit 0
  fi
  packed="$TO/$(basename "$FROM")-$f.gz"
  gzip -9 -c -- "$f" >"$packed.part"
  mv -- "$packed.part" "$packed"
  rm -- "$f"
  n=$((n + 1))
  sleep 0.05 # a demo wants to be watched
done
[ "$n" -gt 0 ] || exit 75
echo "worked $n" >&"$PEAKD_REPORT_FD"
