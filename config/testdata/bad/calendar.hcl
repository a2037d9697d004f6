app "x" {
  workers  = 8
  timezone = "Europe/Viena"
}
daemon "exec" "field" {
  schedule = "0 25 * * *"
  timezone = "vienna"
  command  = ["true"]
}
daemon "exec" "never" {
  schedule = "0 0 31 2 *"
  command  = ["true"]
}
daemon "exec" "every" {
  schedule = "@every 5m"
  command  = ["true"]
}
daemon "exec" "six" {
  schedule = "0 0 2 * * *"
  timezone = "Nowhere"
  command  = ["true"]
}
daemon "exec" "windows" {
  run_every = "5m"
  command   = ["true"]
  window {
    from = "24:30"
    to   = "06:00"
  }
  window {
    from = "22:00"
    to   = "22:00"
  }
  window {
    from     = "22:00"
    to       = "06:00"
    days     = ["mon", "fritag"]
    timezone = "Europe/Belin"
    at_close = "kill"
  }
  window {
    from = "22:00"
  }
}
