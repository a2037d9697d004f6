daemon "exce" "typo" { run_every = "5m" }

daemon "exec" "a/b" {
  run_every = "5m"
  command   = ["true"]
}

daemon "exec" "twice" {
  run_every = "5m"
  command   = ["true"]
}

daemon "file_cleanup" "twice" {
  run_every = "5m"
  directory = "/tmp"
}

daemon "exec" {
  run_every = "5m"
}

daemon "exec" "too" "many" {
  run_every = "5m"
}

daemon "file_cleanup" "no-directory" {
  run_every = "5m"
}
app "test" { workers = 8 }
