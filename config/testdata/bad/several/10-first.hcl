variable "site" { default = "a" }
daemon "exec" "x" {
  run_every = 5
}
app "test" { workers = 8 }
