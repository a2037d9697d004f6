app "x" {
  shutdown_if_idle = "1m"
  aging            = "30s"
}
defaults "exec" {
  run_every = "20s"
  timeout   = "1h"
}
daemon "exec" "short" {
  run_every = "59s"
  command   = ["true"]
}
daemon "exec" "increases" { # 30s, 40s, 50s, 55s
  run_every        = "30s"
  increase_idle_by = "10s"
  maximum_idle     = "55s"
  command          = ["true"]
}
daemon "exec" "three" { # three increases: 46s
  run_every        = "1s"
  increase_idle_by = "15s"
  command          = ["true"]
}
daemon "exec" "paused-by-work" {
  run_every    = "1s"
  minimum_idle = "40s"
  command      = ["true"]
}
daemon "exec" "inherits" {
  command = ["true"]
}
daemon "exec" "inherits-too" {
  command = ["true"]
}
daemon "exec" "calendar" {
  schedule = "* * * * *"
  command  = ["true"]
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "for_each_directory" {
    run_every = "30s"
    directory = each.path
    child "exec" {
      run_every = "30s"
      command   = [each.path]
    }
  }
}
