daemon "file_cleanup" "nightly" {
  schedule  = "0 2 * * *"
  directory = "/srv"
  window {
    from = "22:00"
    to   = "02:00"
  }
  window {
    from     = "12:00"
    to       = "13:00"
    timezone = "UTC"
  }
  timezone = "UTC"
}
daemon "file_cleanup" "nightly-too" {
  schedule  = "0 2 * * 1-5"
  timezone  = "UTC"
  directory = "/srv"
  window {
    from = "12:00"
    to   = "13:00"
  }
}
