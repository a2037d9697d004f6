variable "region" { default = "eu" }
variable "unset" {}
variable "region" {}
variable "1st" {}
variable "self" { default = var.region }
variable "odd" { 
  sensitive = "maybe" 
  defualt   = 1
}
locals {
  a = local.b
  b = local.c
  c = local.a
  d = locl.a
  e = local.zz
  f = 5
}
locals { f = 6 }
daemon "exec" "x" {
  run_every = var.regoin
  timeout   = local.fff
  script    = upper(lower)
  command   = [uper("x"), each.name, env("NOT_SET"), file("missing.sh"), var.region.x]
  env = {
    A = credential("db")
    B = 1 / 0
    C = [1, 2][5]
    D = jsondecode("{")
    E = region
    F = region[0]
    G = upper("a", "b")
    H = null.x
    I = secret("/no/such/secret")
    J = try(nothing, "fine")
    K = "a" + 1
    L = { a = 1 }.b
    M = "${null}"
    N = [for x in 5 : x]
  }
}
app "test" { workers = 8 }
