app "x" {
  workers = 3
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    run_every    = "5m"
    minimum_idle = "0s"
    priority     = 1
    command      = [each.path]
  }
}
