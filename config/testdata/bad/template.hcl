daemon "for_each_directory" "no-child" {
  run_every = "5m"
  directory = "/srv"
}
daemon "for_each_directory" "typo" {
  run_every = "5m"
  directory = "/srv"
  child "exce" {}
}
daemon "for_each_directory" "child" {
  run_every = "5m"
  directory = each.path
  child "exec" {
    run_every    = 30
    maximum_idle = "5s"
    comand       = ["x"]
    command      = [each.nam, 5]
    priority     = each
    nice         = each.name
    background   = [each.name]
    timeout      = each.path
    enabled      = false
  }
}
daemon "for_each_directory" "nested" {
  run_every = "5m"
  directory = "/srv"
  child "for_each_directory" {
    run_every = "5m"
    directory = each.path
    child "exec" {
      run_every = "5m"
      script    = "bad"
      nice      = "${each.name}x"
    }
  }
}
daemon "queue_manager" "queues" {
  run_every = "5m"
  queue {}
  queue {}
}
app "test" { workers = 8 }
