assume "mail-queues" {
  children = ["in", "out"]
}

assume "mail-queues/in" {
  outcomes = ["more", "worked", "idle", "idle", "idle", "failed"]
  duration = "12s"
}

assume "mail-queues/out" {
  outcomes = ["idle", "idle", "idle", "worked"]
  duration = "1500ms"
}

assume "session-cleanup" {
  duration = "45s"
}

assume "collective" {
  outcomes = ["worked", "idle", "idle", "idle", "idle", "idle"]
  duration = "250ms"
}
