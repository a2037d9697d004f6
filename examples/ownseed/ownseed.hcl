# One daemon for each line of names.txt.
#
#     go run ./examples/ownseed run -c examples/ownseed/ownseed.hcl

app "ownseed" {
  shutdown_after = "3s"
}

daemon "for_each_line" "hosts" {
  run_every = "1s"
  file      = "names.txt"

  child "exec" {
    run_every = "1s"
    timeout   = "5s"
    command   = ["echo", "looking after", each.name]
  }
}
