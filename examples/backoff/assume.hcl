assume "poller" {
  outcomes = ["idle", "idle", "idle", "idle", "worked"]
}

assume "broken" {
  outcomes = ["failed"]
}
