daemon "exec" "default" {
  run_every = "5m"
  script    = "echo ${HOME:-/root}"
}
daemon "exec" "backslash" {
  run_every = "5m"
  script    = "grep '\d' \$HOME"
}
