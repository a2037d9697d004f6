assume "mail-queues" {
  children = ["in", "out"]
}

assume "mail-queues/in" {
  outcomes = ["more", "worked", "worked", "idle", "idle", "idle", "idle", "idle", "idle", "failed", "worked", "idle", "idle", "idle"]
  duration = "6s"
}

assume "mail-queues/out" {
  outcomes = ["worked", "idle", "idle", "idle", "idle", "idle", "idle"]
  duration = "3s"
}

assume "session-cleanup" {
  duration = "40s"
}

assume "collective" {
  outcomes = ["worked", "idle", "idle", "idle", "idle", "idle", "idle"]
  duration = "4s"
}
