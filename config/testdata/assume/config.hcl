daemon "exec" "collective" {
  run_every = "5m"
  timeout   = "1m"
  command   = ["true"]
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "for_each_directory" {
    run_every = "1m"
    directory = each.path
    child "exec" {
      run_every = "${each.name == "zero" ? 0 : strlen(each.name)}s"
      command   = [each.path]
    }
  }
}
daemon "queue_manager" "no-queue" {
  run_every = "5m"
}
daemon "exec" "off" {
  run_every = "5m"
  enabled   = false
  command   = ["true"]
}
