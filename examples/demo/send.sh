# A worker of the mail queues: it is told of one message after the other, and puts each into a folder of $1, as a mail
# server puts it into a mailbox. Each delivery adds a line, so that a second one would be seen. What is addressed to nobody
# is refused for ever.
set -u
echo "peakd-worker 1"
while read -r verb number path rest; do
  name=${path##*/}
  if ! grep -q '^To: ' "$path"; then
    echo "fail $number it is addressed to nobody"
  elif cat "$path" >>"$1/$name" && echo "delivered $name" >>"$1/.log"; then
    echo "ok $number"
  else
    echo "retry $number cannot write to $1"
  fi
done
