dynamic "daemon" {
  for_each = range(3)
  iterator = n
  labels   = ["exec", "one-of-${n.value}"]
  content {
    run_every = "5m"
    command   = ["true"]
  }
}
daemon "exec" "has-one" {
  run_every = "5m"
  timeout   = "0s"
  command   = ["true"]
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    run_every = "5m"
    command   = [each.path]
  }
}
dynamic "daemon" {
  for_each = range(5)
  iterator = n
  labels   = ["exec", "more-${n.value}"]
  content {
    run_every = "5m"
    command   = ["true"]
  }
}
