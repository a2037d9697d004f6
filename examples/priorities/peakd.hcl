# Three jobs want the only worker at the same moment: the highest priority goes first, equals take turns. Nobody is
# interrupted: express waits until slow has yielded.
#
#     peakd simulate -c examples/priorities/peakd.hcl --assume examples/priorities/assume.hcl
#     peakd run      -c examples/priorities/peakd.hcl

app "priorities" {
  workers        = 1
  shutdown_after = "6s"

  # With aging, a job that waits counts as one priority higher for each second of waiting, so that "slow" gets
  # its turn even if the others always want theirs.
  aging = "1s"
}

defaults "exec" {
  timeout = "10s"
}

daemon "exec" "express" {
  run_every = "1s"
  priority  = 10
  command   = ["sleep", "0.2"]
}

daemon "exec" "ordinary" {
  run_every = "1s"
  command   = ["sleep", "0.2"]
}

daemon "exec" "slow" {
  run_every = "1s"
  priority  = -10
  command   = ["sleep", "0.9"]
}
