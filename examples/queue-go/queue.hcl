# A queue whose handler is a function of the host program, by the name that main.go offers it under.
#
#     mkdir -p examples/queue-go/texts
#     go run ./examples/queue-go run -c examples/queue-go/queue.hcl

app "queue-go" {
  stay_alive_for   = "2s"
  shutdown_if_idle = "2s"
  shutdown_after   = "20s"
}

daemon "dir_queue" "texts" {
  run_every        = "500ms"
  multiply_idle_by = 2
  maximum_idle     = "5s"
  directory        = "texts"

  deliver "go" {
    function = "count_words"
  }
}
