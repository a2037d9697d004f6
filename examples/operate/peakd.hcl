# An app to be operated: look at it, steer it, and ask afterwards what it did.
#
#     peakd run -c examples/operate/peakd.hcl       # in one terminal, and in another:
#
#     peakd status                                  # where each daemon stands, and why it waits
#     peakd trigger report --wait                   # run it now, and wait for its end
#     peakd pause report --until 2h --why "DB migration"
#     peakd logs -f report                          # what it writes, as it writes it
#     peakd arm import                              # it failed three times, and was taken out
#     peakd history --outcome failed
#     curl http://127.0.0.1:9464/metrics
#     peakd stop

app "operate" {
  workers        = 2
  shutdown_after = "1h"

  observe {
    listen = "127.0.0.1:9464" # /metrics, /healthz and /readyz
  }

  # control {                 # without this block only the app's own user and root may look and steer
  #   group      = "operators"
  #   view_group = "support"
  # }

  history {
    keep_for        = "14d"
    keep_failed_for = "90d"
  }
}

daemon "exec" "report" {
  run_every = "1m"
  timeout   = "30s"
  tags      = ["daily"]
  script    = "echo 12 rows; echo 'worked 12' >&$PEAKD_REPORT_FD"
}

daemon "exec" "import" {
  run_every    = "200ms"
  timeout      = "30s"
  disarm_after = 3
  script       = "echo 'no such table: orders' >&2; exit 1"
  retry {
    every = "200ms"
  }
}

daemon "exec" "poll" {
  run_every        = "500ms"
  increase_idle_by = "500ms"
  maximum_idle     = "10s"
  timeout          = "10s"
  idle_exit_codes  = [75]
  command          = ["sh", "-c", "exit 75"]
}
