module github.com/peakd/peakd/bench

go 1.26.0

replace github.com/peakd/peakd => ../..

require (
	github.com/go-co-op/gocron/v2 v2.21.2
	github.com/peakd/peakd v0.0.0
	github.com/robfig/cron/v3 v3.0.1
)

require (
	github.com/benbjohnson/clock v1.3.5 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/jonboulle/clockwork v0.5.0 // indirect
)
