locals { a = }
defaults { run_every = "5m" }
