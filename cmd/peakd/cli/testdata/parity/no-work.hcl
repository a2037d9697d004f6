app "no-work" {
  stay_alive_for      = "2m"
  shutdown_if_no_work = "5m"
}

defaults "exec" {
  timeout = "1h"
  command = ["true"]
}

daemon "exec" "poller" {
  run_every = "7s"
}

daemon "exec" "broken" {
  run_every    = "10s"
  disarm_after = 5
  priority     = 2
  retry {
    every       = "5s"
    multiply_by = 3
    maximum     = "2m"
  }
}

daemon "exec" "background" {
  run_every  = "1s"
  background = true
  priority   = -1
}
