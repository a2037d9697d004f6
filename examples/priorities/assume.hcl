assume "express" {
  duration = "200ms"
}

assume "ordinary" {
  duration = "200ms"
}

assume "slow" {
  duration = "900ms"
}
