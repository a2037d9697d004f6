app {
  workers = 0
}
app "a b" {
  workers        = 0
  worker         = 1
  run_every      = "5m"
  shutdown_after = 5
}
defaults "exce" {}
defaults "exec" {
  run_every = 5
  nice      = "x"
  directory = "/"
}
defaults "exec" {}
defaults {
  timeout   = "5q"
  directory = "/"
}
defaults {}
defaults "a" "b" {}
daemon "exec" "uses-both" {
  command = ["true"]
}
