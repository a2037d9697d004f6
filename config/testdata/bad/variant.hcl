daemon "outbox" "missing" {
  run_every = "5m"
}
daemon "outbox" "typo" {
  run_every = "5m"
  deliver "smpt" {
    server = "a"
  }
}
daemon "outbox" "nothing-like-it" {
  run_every = "5m"
  deliver "carrier_pigeon" {}
  failed "Waste" {}
}
daemon "outbox" "attributes" {
  run_every = "5m"
  deliver "smtp" {
    sever   = "a"
    command = ["x"]
    timeout = 5
    limits {
      memory = "1B"
    }
  }
  copy "waste" {
    timeout = "1s"
    anything = 1
  }
  copy "exec" {
    command = "x"
    limits {
      memry = "1B"
    }
    server {}
  }
}
daemon "outbox" "labels" {
  run_every = "5m"
  deliver {
    server = "a"
  }
  failed "smtp" "b" {}
  copy = "smtp"
}
daemon "outbox" "twice" {
  run_every = "5m"
  deliver "exec" {
    command = ["x"]
  }
  deliver "smtp" {
    server = "a"
  }
}
defaults "outbox" {
  archive "smtp" {
    token = 5 + "secret"
  }
  archive "ecex" {}
}
daemon "outbox" "dynamic" {
  run_every = "5m"
  deliver "waste" {}
  dynamic "copy" {
    for_each = ["smtp", "smpt"]
    labels   = [copy.value]
    content {
      server = "x"
      sever  = "y"
    }
  }
  dynamic "failed" {
    for_each = [1]
    content {}
  }
}
daemon "for_each_directory" "template" {
  run_every = "5m"
  directory = "/srv"
  child "outbox" {
    run_every = "5m"
    deliver "exec" {
      command = [each.nam]
      server  = each.path
    }
    copy "hand" {
      child "outbox" {
        run_every = "5m"
        deliver "exce" {}
      }
    }
    dynamic "failed" {
      for_each = [each.name]
      labels   = [failed.value]
      content {}
    }
  }
}
