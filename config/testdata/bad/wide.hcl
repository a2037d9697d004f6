daemon "exec" "weite" {
	run_every = "5m"
  env = { A = "漢字 é", B = [1] }
	script = 	"ünï" + nix
}
app "test" { workers = 8 }
