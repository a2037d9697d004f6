#!/bin/sh
# Runs the demo in a folder of its own, and checks afterwards that every file was packed once and every mail delivered once.
# usage: run.sh PEAKD
set -eu
peakd=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d "${TMPDIR:-/tmp}/peakd-demo.XXXXXX")
trap 'rm -rf "$root"' EXIT

cp "$here"/demo.hcl "$here"/*.sh "$root/"
mkdir -p "$root/inbox/bulk" "$root/inbox/news" "$root/inbox/urgent" "$root/packed" "$root/old"
n=0
while [ "$n" -lt 66 ]; do
  dir=bulk
  [ "$n" -lt 50 ] || dir=news
  seq 1 $((2000 + n)) >"$root/inbox/$dir/$n.txt"
  n=$((n + 1))
done
n=0
while [ "$n" -lt 18 ]; do
  echo old >"$root/old/$n.tmp"
  touch -d '3 days ago' "$root/old/$n.tmp"
  n=$((n + 1))
done
echo fresh >"$root/old/fresh.tmp"
mkdir -p "$root/mail/bills" "$root/mail/letters" "$root/mailboxes"
n=0
while [ "$n" -lt 60 ]; do
  dir=letters
  [ "$n" -lt 40 ] || dir=bills
  printf 'From: demo@localhost\nTo: reader%s@localhost\n\nHello.\n' "$n" >"$root/mail/$dir/$n.eml"
  n=$((n + 1))
done
echo 'a message to nobody' >"$root/mail/bills/poison.eml"

echo "$peakd run -c $root/demo.hcl      # 66 real files in 3 directories, 61 mails in 2 queues"
code=0
STATE_DIRECTORY="$root/state" "$peakd" run -c "$root/demo.hcl" || code=$?

packed=$(find "$root/packed" -name '*.gz' | wc -l)
gone=$((19 - $(find "$root/old" -name '*.tmp' | wc -l)))
left=$(find "$root/inbox" -name '*.txt' | wc -l)
find "$root/packed" -name '*.gz' -exec gzip -t {} +
delivered=$(sort "$root/mailboxes/.log" | uniq | wc -l)
twice=$(sort "$root/mailboxes/.log" | uniq -d | wc -l)
aside=$(find "$root/mail" -path '*/.peakd/failed/*.eml' | wc -l)
waiting=$(find "$root/mail" -name '*.eml' ! -path '*/.peakd/done/*' ! -path '*/.peakd/failed/*' | wc -l)
echo
"$peakd" queue ls "$root/mail/bills"
echo
echo "$packed files packed, $gone old ones removed, $left left."
echo "$delivered mails delivered, $twice of them twice, $aside set aside, $waiting left."
[ "$code" -eq 0 ] && [ "$packed" -eq 94 ] && [ "$gone" -eq 18 ] && [ "$left" -eq 0 ] &&
  [ "$delivered" -eq 60 ] && [ "$twice" -eq 0 ] && [ "$aside" -eq 1 ] && [ "$waiting" -eq 0 ] || {
  echo "demo: expected 94 packed, 18 removed, 0 left; 60 delivered, 0 twice, 1 set aside, 0 left; and exit code 0, got exit code $code" >&2
  exit 1
}
