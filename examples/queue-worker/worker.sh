#!/bin/sh
# A worker of a directory queue: it is started once and told of many files. The protocol is described in
# daemons/dirqueue/deliver/worker. Each file is copied into the folder $1.
set -u

# decode TEXT: every %XX becomes the byte it stands for; the result is in $decoded.
decode() {
  decoded=
  rest=$1
  while :; do
    case $rest in
      *%*) ;;
      *) break ;;
    esac
    decoded=$decoded${rest%%"%"*}
    rest=${rest#*"%"}
    hex=${rest%"${rest#??}"}
    rest=${rest#??}
    byte=$(printf "\\$(printf %03o "0x$hex")x") # the x keeps a newline
    decoded=$decoded${byte%x}
  done
  decoded=$decoded$rest
}

# deliver PATH ATTEMPT: the work.
deliver() {
  [ -s "$1" ] || { reason="it is empty"; return 65; }
  cp -- "$1" "$to/" 2>/dev/null || { reason="cannot copy it to $to"; return 75; }
}

to=$1
echo "peakd-worker 1"
while read -r verb number path attempt more; do
  [ "$verb" = deliver ] || exit 64
  decode "$path"
  deliver "$decoded" "$attempt"
  case $? in
    0) echo "ok $number" ;;
    64 | 65 | 66 | 77) echo "fail $number $reason" ;;
    *) echo "retry $number $reason" ;;
  esac
done
