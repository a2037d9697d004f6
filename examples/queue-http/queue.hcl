# Each file is sent to a server by HTTP. 2xx: delivered; 408, 425, 429 and 5xx: later; other 4xx: never.
#
#     mkdir -p examples/queue-http/events/orders examples/queue-http/events/urgent-orders
#     peakd run -c examples/queue-http/queue.hcl --var url=http://127.0.0.1:8080/events

variable "url" {
  default = "http://127.0.0.1:8080/events"
}

app "queue-http" {
  stay_alive_for   = "2s"
  shutdown_if_idle = "2s"
  shutdown_after   = "20s"
}

daemon "dir_queue_manager" "events" {
  run_every   = "5s" # a new directory is seen at once all the same
  directory   = "events"
  max_running = 1

  queue {
    run_every        = "500ms"
    multiply_idle_by = 2
    maximum_idle     = "5s"

    deliver "http" {
      url     = var.url
      timeout = "5s"
    }
  }

  match "urgent*" {
    priority = 10
  }
}
