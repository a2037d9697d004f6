# The idle threshold: the poller waits 1s, 2s, 4s; as soon as nothing is due for three seconds the app stops. It is
# made to be started again, by cron or a systemd timer: its memory tells the next life when each daemon is due.
#
#     peakd run -c examples/deadlines/stop-when-idle.hcl

app "stop-when-idle" {
  shutdown_if_idle = "3s"
}

daemon "exec" "poller" {
  run_every        = "1s"
  multiply_idle_by = 2
  maximum_idle     = "1m"
  timeout          = "10s"
  idle_exit_codes  = [75]
  command          = ["/bin/sh", "-c", "exit 75"]
}

# A background daemon does not keep the app alive.
daemon "exec" "heartbeat" {
  run_every  = "500ms"
  background = true
  timeout    = "10s"
  command    = ["true"]
}
