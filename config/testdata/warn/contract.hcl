# Everything at once. What it says of the inboxes is true: their children come back every 30s, so that there is
# never a gap of a minute.
app "mail-host" {
  stay_alive_for   = "15m"
  shutdown_after   = "30m"
  shutdown_if_idle = "1m"
  workers          = 1
  shutdown_grace   = "20s"
  aging            = "0s"
  timezone         = "Europe/Vienna"
  state_dir        = "/var/lib/peakd/mail-host"
}

defaults "exec" {
  timeout = "2h"
}

daemon "dir_queue_manager" "mail-queues" {
  run_every = "5m"
  directory = "/srv/queues/mail"
  queue {
    run_every        = "10s"
    increase_idle_by = "10s"
    maximum_idle     = "2m"
    priority         = 5
    deliver "smtp" {
      server = "127.0.0.1:25"
    }
  }
}

daemon "file_cleanup" "session-cleanup" {
  run_every         = "5m"
  directory         = "/srv/spam/sessions"
  remove_older_than = "30m"
}

daemon "ldap_replicator" "collective" {
  run_every        = "30s"
  increase_idle_by = "10s"
  maximum_idle     = "2m"
  record_count     = 10
  source {
    urls    = ["ldap://127.0.0.1:3389"]
    base_dn = "dc=example,dc=org"
  }
  target "replica" {
    urls    = ["ldap://127.0.0.1:4389"]
    base_dn = "dc=example,dc=org"
  }
}

daemon "for_each_directory" "inboxes" {
  run_every = "1m"
  directory = "/srv/inbox"
  include   = ["*"]
  child "exec" {
    run_every = "30s"
    command   = ["/usr/local/bin/import", each.path]
  }
}
