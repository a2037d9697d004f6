daemon "queue" "in" {
  run_every = "5m"
  directory = "/srv/queues/in"
}
daemon "queue" "again" {
  run_every = "5m"
  directory = "/srv/queues/../queues/in/"
}
daemon "for_each_directory" "children" {
  run_every = "5m"
  directory = "/srv/queues"
  child "queue" {
    run_every = "5m"
    directory = "/srv/queues/out"
  }
}
