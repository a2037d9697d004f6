app "mail-host" {
  shutdown_if_idle = "1m"
  workers          = 2
}
daemon "queue_manager" "mail-queues" {
  run_every = "5m"
  queue {
    run_every = "10s"
    command   = [each.path]
  }
}
daemon "file_cleanup" "session-cleanup" {
  run_every    = "5m"
  directory    = "/srv/spam/sessions"
  remove_older = "30m"
}
