# The soft deadline: the app has nothing to do, and yet lives for three seconds before it may stop for being idle.
#
#     peakd run -c examples/deadlines/stay-alive.hcl

app "stay-alive" {
  stay_alive_for   = "3s"
  shutdown_if_idle = "2s"
}

daemon "exec" "nightly" {
  schedule = "0 2 * * *"
  timeout  = "1h"
  command  = ["true"]
}
