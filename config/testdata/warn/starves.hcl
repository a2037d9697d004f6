app "x" {}
defaults {
  minimum_idle = "0s"
}
daemon "file_cleanup" "low" {
  run_every = "5m"
  priority  = -5
  directory = "/srv"
}
daemon "file_cleanup" "high" {
  run_every = "5m"
  priority  = 5
  directory = "/srv"
}
daemon "file_cleanup" "higher" {
  run_every    = "5m"
  minimum_idle = "0s"
  priority     = 6
  directory    = "/srv"
}
