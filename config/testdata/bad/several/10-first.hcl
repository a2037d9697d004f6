variable "site" { default = "a" }
daemon "exec" "x" {
  run_every = 5
}
