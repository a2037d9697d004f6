# None of these is worth a warning.
app "x" {
  stay_alive_for   = "10m"
  shutdown_if_idle = "1m"
  shutdown_after   = "10m"
}
defaults "exec" {
  timeout = "1h"
}
daemon "exec" "long" {
  run_every = "1m"
  command   = ["true"]
}
daemon "exec" "backs-off" {
  run_every        = "1s"
  multiply_idle_by = 2
  maximum_idle     = "1m"
  command          = ["true"]
}
daemon "exec" "pauses" {
  run_every    = "1s"
  minimum_idle = "1m"
  command      = ["true"]
}
daemon "exec" "behind" {
  run_every  = "1s"
  background = true
  command    = ["true"]
}
daemon "exec" "once" {
  run_every = "1h"
  run_once  = true
  command   = ["true"]
}
daemon "exec" "once-quick" {
  run_every = "1s"
  run_once  = true
  command   = ["true"]
}
daemon "exec" "held-by-window" {
  run_every = "1s"
  command   = ["true"]
  window {
    from = "22:00"
    to   = "06:00"
  }
}
daemon "exec" "held-by-after" {
  run_every = "1s"
  after     = ["long"]
  command   = ["true"]
}
daemon "exec" "held-by-load" {
  run_every         = "1s"
  run_if_load_below = 0.5
  command           = ["true"]
}
daemon "exec" "off" {
  run_every    = "1s"
  enabled      = false
  minimum_idle = "0s"
  priority     = 10
  timeout      = null
  command      = ["true"]
}
daemon "exec" "working-hours" {
  schedule = "* 9-17 * * *"
  command  = ["true"]
}
daemon "exec" "working-days" {
  schedule = "* * * * 1-5"
  command  = ["true"]
}
daemon "exec" "january" {
  schedule = "* * * 1 *"
  command  = ["true"]
}
daemon "exec" "in-its-window" {
  schedule = "30 2 * * *"
  command  = ["true"]
  window {
    from = "02:00"
    to   = "03:00"
  }
  window {
    from = "12:00"
    to   = "12:01"
  }
}
daemon "exec" "greedy-but-last" {
  run_every        = "1s"
  multiply_idle_by = 2
  maximum_idle     = "5m"
  minimum_idle     = "0s"
  priority         = -1
  command          = ["true"]
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "exec" { # all of this depends on the child
    run_every    = each.name
    maximum_idle = "${each.name}s"
    minimum_idle = "0s"
    priority     = each.name == "urgent" ? 10 : 0
    command      = [each.path]
  }
}
daemon "for_each_directory" "calendars" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    schedule = file("${each.path}/schedule")
    command  = [each.path]
  }
}
daemon "queue" "in" {
  run_every = "5m"
  directory = "/srv/queues/in"
}
daemon "queue" "inner" {
  run_every = "5m"
  directory = "/srv/queues/in/inner"
}
daemon "queue" "in-disabled" {
  run_every = "5m"
  enabled   = false
  directory = "/srv/queues/in"
}
daemon "file_cleanup" "cleans" {
  run_every = "5m"
  directory = "/srv/queues/in"
}
daemon "for_each_directory" "queues" {
  run_every = "5m"
  directory = "/srv/queues"
  child "queue" {
    run_every = "5m"
    directory = each.path
  }
}
