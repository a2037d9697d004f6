assume "seed" {
  children = ["in"]
}
assume "seed/in" {
  children = ["good", "zero"]
}
