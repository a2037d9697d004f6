# The hard deadline: at three seconds nothing starts any more. The run in flight gets shutdown_grace, then a TERM,
# and after kill_grace a KILL, with all its children.
#
#     peakd run -c examples/deadlines/hard-stop.hcl

app "hard-stop" {
  shutdown_after = "3s"
  shutdown_grace = "1s"
}

daemon "exec" "endless" {
  run_every  = "1s"
  timeout    = "1h"
  kill_grace = "1s"
  script     = <<-EOT
    trap 'echo "got a TERM, cleaning up"; exit 0' TERM
    while :; do sleep 0.1; done
  EOT
}
