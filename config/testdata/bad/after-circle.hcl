daemon "exec" "outside" {
  run_every = "5m"
  command   = ["true"]
  after     = ["c"]
}
daemon "exec" "a" {
  run_every = "5m"
  command   = ["true"]
  after     = ["outside", "b"]
}
daemon "exec" "b" {
  run_every = "5m"
  command   = ["true"]
  after     = ["c"]
}
daemon "exec" "c" {
  run_every = "5m"
  command   = ["true"]
  after     = ["a", "d"]
}
daemon "exec" "d" {
  run_every = "5m"
  command   = ["true"]
  after     = ["off", "e"]
}
daemon "exec" "e" {
  run_every = "5m"
  command   = ["true"]
}
daemon "exec" "off" {
  run_every = "5m"
  command   = ["true"]
  after     = ["d"]
  enabled   = false
}
dynamic "daemon" {
  for_each = range(1, 12)
  iterator = n
  labels   = ["exec", "ring-${n.value}"]
  content {
    run_every = "5m"
    command   = ["true"]
    after     = ["ring-${n.value % 11 + 1}"]
  }
}
