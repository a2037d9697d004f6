# Variables, local values, functions, and a secret that never shows.
#
#     peakd run         -c examples/variables/peakd.hcl --var 'hosts=["alpha", "beta"]'
#     peakd config show -c examples/variables/peakd.hcl

variable "hosts" {
  description = "whom to greet; one daemon each"
  default     = ["world"]
}

variable "greeting" {
  default = "hello"
}

# Set it with PEAKD_VAR_token or a --var-file; a command line can be read by others.
variable "token" {
  sensitive = true
  default   = "not-a-real-token"
}

locals {
  shout = upper(var.greeting)
}

app "variables" {
  shutdown_after = "2s"
}

dynamic "daemon" {
  for_each = var.hosts
  labels   = ["exec", "greet-${daemon.value}"]
  content {
    run_every = "1m"
    timeout   = "10s"
    # What a job prints is logged, and the secret in it masked.
    command = ["/bin/sh", "-c", "echo \"$GREETING, $HOST: the token is $TOKEN\""]
    env = {
      GREETING = local.shout
      HOST     = daemon.value
      TOKEN    = var.token
    }
  }
}
