daemon "exec" "values" {
  run_every  = 30
  timeout    = "10"
  kill_grace = "5 minutes"
  jitter     = ""
  start_after = ["5m"]
  priority   = 1.5
  background = "maybe"
  command    = "true"
  env        = ["A=1"]
  umask      = "0999"
  output     = 65536
  nice       = "low"
  codes      = [0, "x", 2.5]
  mode       = "fsat"
  tags       = ["a", null]
  shift      = "1000000h1000000d"
  limits {
    nofile = -1
    memory = "1.5B"
  }
  deliver "smpt" {
    server = 5
  }
  deliver "smtp" {}
  limits {}
}
daemon "exec" "more" {
  run_every = "5m"
  umask     = 22
  output    = "12"
  shift     = "-5m"
  env       = { A = 1, B = [2] }
  script    = "bad"
  limits {
    nofile = 0
  }
  command = ["/no/such/program"]
}
daemon "exec" "program" {
  run_every = "5m"
  command = ["/no/such/program"]
}
daemon "file_cleanup" "null" {
  run_every = "5m"
  directory = null
}
app "test" { workers = 8 }
