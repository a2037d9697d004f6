daemon "exec" "x" {
  run_every = 
  command   = ["a" "b"]
  script    = 'single'
  timeout   : "5m"
}
}
