app "x" {
  stay_alive_for = "2h"
  shutdown_after = "1h"
}
defaults {
  run_every = "61m"
}
daemon "file_cleanup" "a" {
  directory = "/srv"
}
daemon "file_cleanup" "b" {
  directory = "/srv"
}
daemon "for_each_directory" "seed" {
  run_every = "1h"
  directory = "/srv"
  child "file_cleanup" {
    run_every = "2h"
    directory = each.path
  }
}
