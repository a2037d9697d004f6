// Command queue-go is a host that delivers the files of a queue by a function of its own.
//
//	mkdir -p examples/queue-go/texts
//	go run ./examples/queue-go run -c examples/queue-go/queue.hcl
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemons/dirqueue"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/function"
	"github.com/peakd/peakd/daemons/exec"
)

func main() {
	if exec.Trampoline() {
		os.Exit(127)
	}
	types := append(dirqueue.Types(function.Functions{"count_words": countWords}), exec.Type())
	os.Exit(cli.Host{Name: "queue-go", Version: "0.1", Types: types}.Main(context.Background(), os.Args[1:]))
}

// countWords delivers a file: to standard output, as its number of words. It says whether that worked, and if
// not, whether to try again. It may be called again for the same file, with the same job.ID.
func countWords(ctx context.Context, job deliver.Job) deliver.Result {
	file, err := job.Open()
	if err != nil {
		return deliver.Unopened(err)
	}
	words := 0
	lines := bufio.NewScanner(file)
	lines.Split(bufio.ScanWords)
	for lines.Scan() {
		if ctx.Err() != nil {
			return deliver.Cancelled(ctx)
		}
		words++
	}
	switch {
	case lines.Err() != nil:
		return deliver.Result{Verdict: deliver.Retry, Reason: lines.Err().Error()}
	case words == 0:
		return deliver.Result{Verdict: deliver.Permanent, Reason: "there is no word in it"}
	}
	fmt.Printf("%s: %d words\n", job.Name, words)
	return deliver.Result{Verdict: deliver.Done}
}
