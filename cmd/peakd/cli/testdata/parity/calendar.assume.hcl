assume "backup" {
  outcomes = ["worked", "failed", "failed", "worked", "failed"]
  duration = "47m11s"
}

assume "report" {
  outcomes = ["worked", "idle"]
  duration = "3m7s"
}

assume "reindex" {
  outcomes = ["worked", "worked", "more"]
  duration = "13m13s"
}

assume "hourly" {
  duration = "2m1s"
}
