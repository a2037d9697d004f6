app "x" {
  shutdown_if_idle = "1m"
}
daemon "file_cleanup" "nightly" {
  schedule  = "0 2 * * *"
  directory = "/srv"
}
daemon "file_cleanup" "off" {
  run_every = "5m"
  enabled   = false
  directory = "/srv"
}
