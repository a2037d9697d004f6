# A mail host in the style of the 2003 proposal: a seed over queues, a cleanup, a replicator, one worker. Look at it
# before it runs:
#
#     peakd simulate -c examples/mailhost/mailhost.hcl --assume examples/mailhost/assume.hcl
#     peakd simulate -c examples/mailhost/mailhost.hcl --assume examples/mailhost/assume.hcl --format html -o /tmp/mailhost.html

app "mail-host" {
  stay_alive_for   = "15m"
  shutdown_after   = "30m"
  shutdown_if_idle = "1m"
}

defaults "exec" {
  timeout         = "1m"
  idle_exit_codes = [75]
}

daemon "for_each_directory" "mail-queues" {
  run_every = "5m"
  directory = "/srv/queues/mail"

  child "exec" {
    run_every        = "10s"
    multiply_idle_by = 2
    maximum_idle     = "4m"
    priority         = 5
    command          = ["/usr/local/bin/send-mail", each.path]
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
  command          = ["/usr/local/bin/replicate", "--records", "10"]
}
