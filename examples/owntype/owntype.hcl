# A daemon type that peakd itself does not have.
#
#     go run ./examples/owntype run -c examples/owntype/owntype.hcl

app "owntype" {
  shutdown_after = "3s"
}

daemon "disk_space" "root" {
  run_every        = "500ms"
  increase_idle_by = "500ms"
  directory        = "/"
  below            = "1MiB"
}
