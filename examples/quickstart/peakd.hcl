# The smallest useful configuration: one job every two seconds, and an end.
#
#     peakd run -c examples/quickstart/peakd.hcl

app "quickstart" {
  shutdown_after = "5s"
}

daemon "exec" "hello" {
  run_every = "2s"
  timeout   = "10s"
  command   = ["echo", "hello from peakd"]
}
