# A queue whose handler is a process that stays: it is told of files on its standard input and answers on its standard
# output, which is more than ten times cheaper than a process for each file.
#
#     mkdir -p examples/queue-worker/lines examples/queue-worker/copies
#     peakd run -c examples/queue-worker/queue.hcl

app "queue-worker" {
  stay_alive_for   = "2s"
  shutdown_if_idle = "2s"
  shutdown_after   = "20s"
}

daemon "dir_queue" "lines" {
  run_every        = "500ms"
  multiply_idle_by = 2
  maximum_idle     = "5s"
  directory        = "lines"

  deliver "worker" {
    command = ["/bin/sh", abspath("worker.sh"), abspath("copies")] # or: ["python3", abspath("worker.py"), ...]
    timeout = "5s"
  }
}
