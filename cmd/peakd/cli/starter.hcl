# A starter configuration for peakd. See what it would do, without running anything:
#
#     peakd validate -c FILE     every fault, with its place and the way out
#     peakd simulate -c FILE     the timeline of the next 24 hours
#     peakd types exec           what each attribute means; `peakd types` lists the daemon types
#
# Then run it in the foreground, and tell it of changes with a SIGHUP:
#
#     peakd run -c FILE

app "batch" {
  # How many runs may be in flight at once. With 1 they are strictly one after the other, and a long job keeps
  # all others waiting; the highest priority goes first.
  workers = 4

  # An app can end by itself. Uncommented, these let it live for at least 15 minutes, then stop at the first gap
  # of a minute in its schedule, and in any case after a day.
  # stay_alive_for   = "15m"
  # shutdown_if_idle = "1m"
  # shutdown_after   = "1d"

  # How long runs in flight may go on after a SIGTERM.
  shutdown_grace = "20s"
}

# Settings for every daemon of a type; the daemon's own win.
defaults "exec" {
  # A job that takes longer gets a TERM, and a KILL after kill_grace: the whole process group.
  timeout    = "10m"
  kill_grace = "10s"

  # Exit code 0 means that the job worked. 75 (EX_TEMPFAIL) is the usual way to say: there was nothing to do.
  idle_exit_codes = [75]
}

# A job at intervals. It waits 30s after each run that worked. When it finds nothing to do it waits longer and
# longer, 40s, 50s, up to 5m, and comes back to 30s when there is work again.
daemon "exec" "import" {
  description      = "takes in what has arrived"
  run_every        = "30s"
  increase_idle_by = "10s"
  maximum_idle     = "5m"
  priority         = 10 # a higher number goes first

  # A list: the program and its arguments, without a shell in between.
  command = ["/bin/sh", "-c", "exit 75"]

  # After failures it waits 30s, 1m, 2m ... up to an hour; after 10 in a row it is disarmed and an error says so.
  disarm_after = 10
}

# A job by the calendar, in cron's syntax.
daemon "exec" "nightly" {
  schedule = "30 2 * * *"
  # timezone = "Europe/Vienna"
  missed = "once" # one that fell into a time when peakd was down is made up for, once

  # A script goes to /bin/sh as it is, not through the command line. In HCL a dollar sign before a brace is
  # written twice. For more than a few lines, write: script = file("nightly.sh")
  script = <<-EOT
    set -eu
    echo "it is $(date)"
  EOT
}

# Old files, cleaned up safely. Take the dry_run away when its log shows what you want.
daemon "file_cleanup" "temporary" {
  run_every         = "1h"
  priority          = -10
  directory         = "/var/tmp/batch"
  remove_older_than = "7d"
  recursive         = true
  dry_run           = true
}
