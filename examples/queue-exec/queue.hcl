# A queue of files, each given to a program. Hand some in while it runs:
#
#     mkdir -p examples/queue-exec/orders
#     peakd run -c examples/queue-exec/queue.hcl
#     peakd enqueue examples/queue-exec/orders README.md LICENSE
#     peakd queue ls examples/queue-exec/orders

app "queue-exec" {
  stay_alive_for   = "2s"
  shutdown_if_idle = "2s"
  shutdown_after   = "20s"
}

daemon "dir_queue" "orders" {
  run_every        = "500ms"
  multiply_idle_by = 2
  maximum_idle     = "5s"
  directory        = "orders"
  concurrency      = 2

  file_retry {
    every    = "500ms"
    attempts = 3
  }

  # The program gets the file's path as its last argument. 0: delivered; 65: never will be; 75 and others: later.
  deliver "exec" {
    command = ["/bin/sh", "-c", "case $PEAKD_NAME in bad*) echo 'not an order' >&2; exit 65 ;; later*) exit 75 ;; esac; wc -c <\"$1\"", "take"]
    timeout = "5s"
  }
}
