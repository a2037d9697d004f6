daemon "exec" "x" {
  run_every = env("NOT_SET")
  timeout   = uper("5m")
  script    = file("missing.sh")
  nice      = parseint("x", 10)
  dir       = hostnam()
  umask     = base64decode("%")
  output    = env("A", "B", "C")
  mode      = upper(5, 6)
  tags      = [file("several")]
}
app "test" { workers = 8 }
