defaults "exec" {
  after = ["first", "frist"]
}
defaults "file_cleanup" { # no daemon takes these
  after = ["gone"]
}
defaults {
  after = ["last"]
}
daemon "exec" "first" {
  run_every = "5m"
  command   = ["true"]
}
daemon "exec" "second" {
  run_every = "5m"
  command   = ["true"]
}
daemon "exec" "last" {
  run_every = "5m"
  command   = ["true"]
  after     = []
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    run_every = "5m"
    command   = [each.path]
  }
}
