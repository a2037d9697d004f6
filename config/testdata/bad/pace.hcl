daemon "exec" "neither" {
  command = ["true"]
}
daemon "exec" "both" {
  run_every = "5m"
  schedule  = "0 2 * * *"
  command   = ["true"]
}
daemon "exec" "zero" {
  run_every = "0s"
  command   = ["true"]
}
daemon "exec" "negative" {
  run_every = "-5s"
  command   = ["true"]
}
daemon "exec" "backoff" {
  run_every        = "30s"
  multiply_idle_by = 0.5
  maximum_idle     = "10s"
  priority         = 1000001
  disarm_after     = -1
  run_if_load_below = 1.5
  command          = ["true"]
  missed           = "skip"
  retry {
    every       = "0s"
    multiply_by = 0
    maximum     = "5s"
    attempts    = -1
  }
}
daemon "exec" "retry" {
  run_every = "30s"
  command   = ["true"]
  retry {
    maximum = "5s"
  }
  retry {}
}
daemon "exec" "calendar" {
  schedule         = "0 2 * * *"
  minimum_idle     = "1s"
  increase_idle_by = "1s"
  multiply_idle_by = 2
  maximum_idle     = "1s"
  missed           = "onec"
  command          = ["true"]
}
app "test" { workers = 8 }
