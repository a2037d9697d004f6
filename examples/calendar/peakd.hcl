# Calendar schedules, time zones, windows and prerequisites. Nothing here runs for long: look at a day of it.
#
#     peakd simulate -c examples/calendar/peakd.hcl --start 2026-03-28T12:00:00+01:00 --for 24h
#
# That day has a night in which Vienna's clocks jump from 02:00 to 03:00: the backup at 02:30 runs at 03:00, and
# the hourly job 23 times a day.

app "calendar" {
  timezone = "Europe/Vienna"
  workers  = 2
}

defaults "exec" {
  timeout = "1h"
}

daemon "exec" "backup" {
  schedule = "30 2 * * *"
  missed   = "once"
  command  = ["true"]

  # A failure is tried again after 10 minutes, then 20, if that comes before the next night.
  retry {
    every    = "10m"
    attempts = 3
  }
}

# Only after the backup of this night has succeeded.
daemon "exec" "report" {
  schedule = "0 4 * * *"
  after    = ["backup"]
  command  = ["true"]
}

daemon "exec" "hourly" {
  schedule = "0 * * * *"
  command  = ["true"]
}

# Every 20 minutes, but only at night and on the weekend, and only while the others leave room.
daemon "exec" "reindex" {
  run_every         = "20m"
  run_if_load_below = 0.7
  jitter            = "2m"
  command           = ["true"]

  window {
    from = "22:00"
    to   = "06:00"
    days = ["mon-fri"]
  }
  window {
    from = "00:00"
    to   = "24:00"
    days = ["sat", "sun"]
  }
}
