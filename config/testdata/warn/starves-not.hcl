# Two workers, and only one that never pauses.
app "x" {
  workers = 2
}
daemon "exec" "greedy" {
  run_every    = "5m"
  minimum_idle = "0s"
  priority     = 1
  command      = ["true"]
}
daemon "exec" "low" {
  run_every = "5m"
  command   = ["true"]
}
