dynamic "daemon" {
  for_each = ["a", "b"]
  labels   = ["exec", "job-${daemon.value}"]
  content {
    run_every = "5m"
    command   = [daemon.valeu]
  }
}
dynamic "demon" {
  for_each = []
  content {}
}
dynamic "daemon" {
  labels = ["exec", "x"]
  content {}
}
dynamic "daemon" {
  for_each = 5
  labels   = ["exec", "x"]
  content {}
}
dynamic "daemon" {
  for_each = ["a"]
  labels   = ["exec"]
  content {}
}
dynamic "daemon" {
  for_each = ["a"]
  content {}
}
dynamic "daemon" {
  for_each = ["a"]
  labels   = ["exec", "y"]
  iterator = "quoted name"
  content {}
}
dynamic "daemon" {
  for_each = ["a"]
  labels   = ["exec", null]
  contents {}
}
daemon "exec" "inner" {
  run_every = "5m"
  command   = ["true"]
  dynamic "deliver" {
    for_each = { a = 1, b = "x" }
    iterator = it
    labels   = ["smtp"]
    content {
      server = it.key
      port   = it.value
    }
  }
  dynamic "limit" {
    for_each = [1]
    content {}
  }
}
app "test" { workers = 8 }
