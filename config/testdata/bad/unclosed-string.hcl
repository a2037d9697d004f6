daemon "exec" "unclosed" {
  run_every = "5m"
  script    = "echo ${HOME"
  command   = ["x"]
}
