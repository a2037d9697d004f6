app "batch" {
  workers   = 2
  state_dir = "state"
}
defaults "exec" {
  timeout = "1h"
  mode    = "fast"
}
daemon "exec" "plain" {
  run_every = "5m"
  script    = <<-EOT
    for f in *.log; do
      echo "$${f}"
    done
  EOT
  env = { A = "1", "B-C" = "" }
  retry {
    every = "1m"
  }
  deliver "smtp" {
    server = "127.0.0.1:25"
  }
  limits {
    memory = "1GiB"
  }
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "inbox"
  child "for_each_directory" {
    run_every = "${60 * 5}s"
    directory = each.path
    child "exec" {
      run_every = "5m"
      command = [
        "import", # a comment
        "two  spaces", each.path,
      ]
      nice = strlen(each.name)
      dynamic "deliver" {
        for_each = split(",", each.name)
        labels   = ["smtp"]
        content {
          server = deliver.value
        }
      }
    }
  }
}
daemon "queue_manager" "no-queue" {
  schedule = "0 2 * * *"
  timezone = "UTC"
}
daemon "exec" "off" {
  run_every = "5m"
  enabled   = false
  command   = ["true"]
}
