daemon "exec" "x" {
  run_every = "5m"
