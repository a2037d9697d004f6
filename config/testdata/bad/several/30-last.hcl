daemon "exec" "x" {
  script = local.a
}
daemon "exec" "y" {
  command = [each.name]
}
