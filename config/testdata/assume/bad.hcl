assume "collective" {
  outcomes = ["worked", "idel", "IDLE", 5]
  duration = 250
  durations = "5s"
}
assume "collective" {}
assume {}
assume "seed" {
  duration = "-5s"
  children = ["a", "", "b", "a"]
}
assumption "x" {}
daemon "exec" "x" {}
x = 5
assume "seed/a" {
  children = "b"
}
