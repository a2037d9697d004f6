# A mail queue: each file is a message as RFC 5322 has it, sent byte for byte. Sender and recipients are those of its
# header.
#
#     mkdir -p examples/queue-smtp/mail
#     peakd run -c examples/queue-smtp/queue.hcl --var server=127.0.0.1:25

variable "server" {
  default = "127.0.0.1:25"
}

app "queue-smtp" {
  stay_alive_for   = "2s"
  shutdown_if_idle = "2s"
  shutdown_after   = "20s"
}

daemon "dir_queue" "mail" {
  run_every        = "500ms"
  multiply_idle_by = 2
  maximum_idle     = "5s"
  directory        = "mail"

  deliver "smtp" {
    server = var.server
    tls    = "none" # in the open only because the server is on this machine
  }
}
