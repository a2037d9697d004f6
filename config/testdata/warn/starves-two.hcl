# Two workers, kept busy by two of three that never pause; middle can keep one, but not both.
app "x" {
  workers = 2
}
daemon "file_cleanup" "high" {
  run_every    = "5m"
  minimum_idle = "0s"
  priority     = 2
  directory    = "/srv"
}
daemon "file_cleanup" "middle" {
  run_every    = "5m"
  minimum_idle = "0s"
  priority     = 1
  directory    = "/srv"
}
daemon "file_cleanup" "middle-too" {
  run_every = "5m"
  priority  = 1
  directory = "/srv"
}
daemon "file_cleanup" "once" {
  run_every    = "5m"
  minimum_idle = "0s"
  priority     = 9
  run_once     = true
  directory    = "/srv"
}
daemon "file_cleanup" "low" {
  run_every = "5m"
  directory = "/srv"
}
