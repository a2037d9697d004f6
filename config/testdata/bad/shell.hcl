daemon "exec" "dollar" {
  run_every = "5m"
  script    = "echo ${HOME}"
}
daemon "exec" "nothing" {
  run_every = "5m"
  script    = "echo ${1}"
}
app "test" { workers = 8 }
