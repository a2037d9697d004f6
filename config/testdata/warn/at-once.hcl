app "x" {
  shutdown_if_idle = "1m"
}
daemon "file_cleanup" "later" {
  run_every   = "5m"
  start_after = "1m"
  directory   = "/srv"
}
daemon "file_cleanup" "behind" {
  run_every   = "5m"
  start_after = "30s"
  background  = true
  directory   = "/srv"
}
