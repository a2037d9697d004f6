assume "colective" {}
assume "off" {}
assume "seed" {
  children = ["in", "a b"]
}
assume "seed/in" {
  children = ["x"]
}
assume "seed/out" {}
assume "seed/a b" {}
assume "nothing/in" {}
assume "seed/in/x" {
  children = ["too-deep"]
}
assume "no-queue" {
  children = ["q"]
}
assume "seed/a%20b" {}
