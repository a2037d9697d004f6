shutdown_after = "5m"
timeout        = "5m"

daemons "exec" "x" {}

exec "x" {}

daemon "file_cleanup" "session-cleanup" {
  run_every    = "5m"
  directory    = "/srv/spam/sessions"
  remove_older = "30m"
}

daemon "exec" "names" {
  run_every  = "5m"
  run_evry   = "5m"
  command    = ["true"]
  stay_alive_for = "5m"
  resources  = ["a"]
  retry      = "5m"
  description { text = "x" }
  window {
    from = "1:00"
    to   = "2:00"
    day  = ["mon"]
  }
}
app "test" { workers = 8 }
