daemon "exec" "percent" {
  run_every = "5m"
  script    = "date +%{x}"
}
