app "mail-host" {
  stay_alive_for   = "15m"
  shutdown_after   = "30m"
  shutdown_if_idle = "1m"
}

daemon "for_each_directory" "mail-queues" {
  run_every = "5m"
  directory = "/srv/queues/mail"
  child "exec" {
    run_every        = "10s"
    multiply_idle_by = 2
    maximum_idle     = "4m"
    priority         = each.name == "in" ? 6 : 5
    timeout          = "1m"
    command          = ["true", each.path]
  }
}

daemon "file_cleanup" "session-cleanup" {
  run_every         = "5m"
  directory         = "/srv/spam/sessions"
  remove_older_than = "30m"
}

daemon "exec" "collective" {
  run_every        = "30s"
  increase_idle_by = "10s"
  maximum_idle     = "2m"
  timeout          = "1m"
  command          = ["true"]
}
