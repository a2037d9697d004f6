# A seed keeps one child daemon for each directory: at the start for two, later for three.
#
#     peakd run -c examples/seeds/peakd.hcl

app "seeds" {
  shutdown_after = "6s"
}

defaults "exec" {
  timeout         = "10s"
  idle_exit_codes = [75]
}

daemon "for_each_directory" "inbox" {
  run_every = "1s"
  directory = "inbox"
  exclude   = [".*", "off-*"]

  child "exec" {
    run_every        = "500ms"
    increase_idle_by = "500ms"
    maximum_idle     = "2s"
    priority         = each.name == "urgent" ? 10 : 0
    script           = <<-EOT
      n=0
      for f in "$INBOX"/*.txt; do
        [ -e "$f" ] || break
        rm -- "$f"
        n=$((n + 1))
      done
      [ "$n" -gt 0 ] || exit 75
      echo "worked $n" >&"$PEAKD_REPORT_FD"
    EOT
    env              = { INBOX = each.path }
  }
}

# Makes a directory that was not there when the app started.
daemon "exec" "newcomer" {
  run_every   = "1h"
  start_after = "2s"
  run_once    = true
  env         = { BASE = abspath("inbox") }
  script      = <<-EOT
    mkdir -p "$BASE/late"
    touch "$BASE/late/1.txt" "$BASE/late/2.txt"
  EOT
}
