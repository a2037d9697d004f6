app "calendar" {
  timezone       = "America/New_York"
  shutdown_after = "120d" # over the spring transition of 2000
  aging          = "1m"
}

defaults "exec" {
  timeout = "8h"
  command = ["true"]
}

daemon "exec" "backup" {
  schedule = "30 2 * * *"
  retry {
    every    = "10m"
    attempts = 2
  }
}

daemon "exec" "report" {
  schedule = "0 4 * * 1-5"
  after    = ["backup"]
}

daemon "exec" "reindex" {
  run_every         = "50m"
  run_if_load_below = 0.5
  jitter            = "3m"
  window {
    from = "22:00"
    to   = "06:00"
    days = ["mon-fri"]
  }
  window {
    from     = "12:00"
    to       = "13:30"
    days     = ["sat"]
    timezone = "Europe/Vienna"
  }
}

daemon "exec" "hourly" {
  schedule = "5 * * * *"
  jitter   = "10m"
  priority = 3
}

daemon "exec" "once" {
  run_every = "1h"
  run_once  = true
}
