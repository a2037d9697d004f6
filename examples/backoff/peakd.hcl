# A poller that finds nothing waits longer and longer, and comes back to its pace when there is work. A job that
# fails has a curve of its own, and is disarmed in the end.
#
#     peakd simulate -c examples/backoff/peakd.hcl --assume examples/backoff/assume.hcl --for 10m
#     peakd run      -c examples/backoff/peakd.hcl

app "backoff" {
  shutdown_after = "12s"
}

defaults "exec" {
  timeout         = "5s"
  idle_exit_codes = [75]
}

# Waits 1s, and when idle 2s, 3s, 4s. The file stands for work: the run that finds it takes it away.
daemon "exec" "poller" {
  run_every        = "1s"
  increase_idle_by = "1s"
  maximum_idle     = "4s"
  env              = { INBOX = abspath("work") }
  script           = <<-EOT
    [ -e "$INBOX" ] || exit 75
    rm -- "$INBOX"
    echo "worked 1" >&"$PEAKD_REPORT_FD"
  EOT
}

# Brings the work, once, after five seconds.
daemon "exec" "producer" {
  run_every   = "1h"
  start_after = "5s"
  run_once    = true
  command     = ["touch", abspath("work")]
}

# Fails: waits 500ms, 1s, 2s; after the fourth failure in a row it is disarmed and never runs again.
daemon "exec" "broken" {
  run_every    = "1s"
  disarm_after = 4
  retry {
    every       = "500ms"
    multiply_by = 2
    maximum     = "10s"
  }
  command = ["/bin/sh", "-c", "echo 'no such table: orders' >&2; exit 1"]
}
