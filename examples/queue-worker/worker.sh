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

# work PATH ATTEMPT: the work. It leaves the standard input alone.
work() {
  [ -s "$1" ] || { reason="it is empty"; return 65; }
  cp -- "$1" "$to/" 2>/dev/null || { reason="cannot copy it to $to"; return 75; }
}

# deliver NUMBER PATH ATTEMPT: what the lines say.
deliver() {
  decode "$2"
  work "$decoded" "$3"
  case $? in
    0) echo "ok $1" ;;
    64 | 65 | 66 | 77) echo "fail $1 $reason" ;;
    *) echo "retry $1 $reason" ;;
  esac
}

to=$1
echo "peakd-worker 1"
if [ -z "${BASH_VERSION-}${KSH_VERSION-}${ZSH_VERSION-}" ]; then
  . /dev/stdin # runs each line as it comes, and is many times cheaper than read, which fetches byte by byte
else
  while read -r line; do eval "$line"; done # these read a script to its end before they begin
fi
exit 0
