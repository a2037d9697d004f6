daemon "exec" "load-orders" {
  run_every = "5m"
  command   = ["true"]
}
daemon "exec" "report" {
  run_every = "5m"
  command   = ["true"]
  after     = ["load-order", "nothing-like-it", "off", "report", "load-orders", "load-orders", "seed/a"]
}
daemon "exec" "off" {
  run_every = "5m"
  command   = ["true"]
  after     = ["off-too"] # nobody is hurt by this
  enabled   = false
}
daemon "exec" "off-too" {
  run_every = "5m"
  command   = ["true"]
  after     = ["of"]
  enabled   = false
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  after     = [for n in ["load-orders", "missing"] : n]
  child "for_each_directory" {
    run_every = "5m"
    directory = each.path
    after     = ["seed", "sead", each.name, each.name]
    child "exec" {
      run_every = "5m"
      after     = ["load-orders", "off"]
      command   = 5 # an error of another kind hides nothing
    }
  }
}
daemon "exec" "wrong-type" {
  run_every = "5m"
  command   = ["true"]
  after     = "load-orders"
}
daemon "exec" "behind-wrong" {
  run_every = "5m"
  command   = ["true"]
  after     = ["wrong-type", "no-such-type"]
}
daemon "exce" "no-such-type" {}
