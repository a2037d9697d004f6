app "x" {}
defaults { enabled = false }
daemon "exec" "off" {
  run_every = "5m"
  command   = ["true"]
}
