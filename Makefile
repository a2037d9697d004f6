# make demo    build, and run the main job on real files in a temporary folder; stops by itself
# make test    install what the tests need, and run them all under the race detector
# make bench   the benchmarks, each beside its baseline
# make kill    10,000 kill -9 at seeded steps of the directory queue; make test runs 320
# make fuzz    every fuzz target for a while
# make lint    everything a change must pass besides the tests
# make package deb, rpm and tar archive in dist/
# make docs    generate the reference pages and the pictures of docs/

GO      ?= go
BIN     := bin
PKGS    := ./...
BENCH   ?= .
LINTER  := $(BIN)/golangci-lint

.PHONY: demo test bench kill fuzz lint docs build package packages clean

build:
	$(GO) build -o $(BIN)/peakd ./cmd/peakd

demo: build
	@examples/demo/run.sh $(BIN)/peakd

packages:
	@.ci/packages

test: packages
	$(GO) vet $(PKGS)
	$(GO) test -race -shuffle=on -timeout=15m $(PKGS)
	cd .ci/package && $(GO) vet ./... && $(GO) test ./...

bench:
	.ci/bench '$(BENCH)'

fuzz:
	.ci/fuzz

kill: packages
	PEAKD_KILLS=10000 $(GO) test -run 'TestKills$$' -timeout 30m -v ./daemons/dirqueue/spool

# The linter is built once, from the sources that .ci/tools/go.mod pins.
$(LINTER): .ci/tools/go.mod .ci/tools/go.sum
	cd .ci/tools && $(GO) build -o ../../$(LINTER) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

lint: $(LINTER)
	$(GO) mod tidy -diff
	$(LINTER) fmt --diff
	$(LINTER) run $(PKGS)
	GOOS=darwin GOARCH=arm64 $(GO) vet $(PKGS)
	GOOS=linux GOARCH=arm64 $(GO) vet $(PKGS)

# The packager has a module of its own, so that it is not in the product's graph.
package:
	cd .ci/package && $(GO) run .

docs: build
	$(GO) run ./docs/generate
	.ci/pictures $(BIN)/peakd docs/pictures

clean:
	rm -rf $(BIN) dist
