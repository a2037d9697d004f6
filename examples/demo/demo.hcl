# The demo: 66 real files in three directories are packed, while a feeder brings more, and 60 mails in two queues are
# delivered. One worker does it all.

app "demo" {
  stay_alive_for   = "15s" # soft deadline
  shutdown_if_idle = "3s"  # idle threshold
  shutdown_after   = "55s" # hard deadline
  workers          = 1
}

defaults "exec" {
  timeout         = "10s"
  idle_exit_codes = [75]
}

# A seed: one child for each directory below inbox/, also for one that appears later.
daemon "for_each_directory" "inbox" {
  run_every        = "3s"
  increase_idle_by = "3s"
  maximum_idle     = "12s"
  directory        = "inbox"

  child "exec" {
    run_every        = "1s"
    multiply_idle_by = 2
    maximum_idle     = "16s"
    priority         = each.name == "urgent" ? 10 : 0
    script           = file("pack.sh")
    env              = { FROM = each.path, TO = abspath("packed") }
  }
}

# A queue for each directory below mail/: each message is handed to a process that stays, once, and what cannot be
# delivered is set aside with the reason.
daemon "dir_queue_manager" "mail" {
  run_every        = "3s"
  increase_idle_by = "3s"
  maximum_idle     = "12s"
  directory        = "mail"
  max_running      = 1

  queue {
    run_every        = "1s"
    multiply_idle_by = 2
    maximum_idle     = "16s"
    priority         = 5

    deliver "worker" {
      command = ["/bin/sh", abspath("send.sh"), abspath("mailboxes")]
      timeout = "10s"
    }
  }
}

# Drops 20 files into inbox/urgent and makes inbox/late, once.
daemon "exec" "feeder" {
  run_every   = "1m"
  start_after = "3s"
  run_once    = true
  priority    = 5
  script      = file("feed.sh")
  env         = { INBOX = abspath("inbox") }
}

# Takes away what lies in old/ for more than a day.
daemon "file_cleanup" "sweep" {
  run_every         = "5s"
  increase_idle_by  = "5s"
  priority          = -5
  directory         = "old"
  remove_older_than = "1d"
  age_by            = "m" # the files were given their age by touch, which leaves the change time as it is
}

# Looks for work that never comes: it waits 2s, 4s, 8s, 16s.
daemon "exec" "poller" {
  run_every        = "1s"
  multiply_idle_by = 2
  maximum_idle     = "16s"
  command          = ["/bin/sh", "-c", "exit 75"]
}
