package statedb_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
)

// BenchmarkSave saves batches among 1000 daemons. Beside the time stands its ratio to the least that
// durability costs: appending as many bytes as the batch has to a plain file, and one fsync.
//
//	go test ./daemonapp/statedb -run '^$' -bench Save
func BenchmarkSave(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			db, err := statedb.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			all := benchMemories(1000)
			if err := db.Save(all); err != nil {
				b.Fatal(err)
			}
			appendSync := appender(b, size)
			var plain time.Duration
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				batch := all[n*size%1000:][:size]
				n++
				for i := range batch {
					batch[i].IdleRuns++
				}
				if err := db.Save(batch); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				start := time.Now()
				appendSync()
				plain += time.Since(start)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(plain), "x/fsync")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*size), "ns/daemon")
		})
	}
}

// BenchmarkOpen is what a start costs: opening, checking and loading what 10,000 daemons left.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	db, err := statedb.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Save(benchMemories(10_000)); err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db, err := statedb.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		if all, err := db.Load(); err != nil || len(all) != 10_000 {
			b.Fatal(len(all), err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPut is what the app's loop pays for a run.
func BenchmarkPut(b *testing.B) {
	for _, urgent := range []bool{false, true} {
		b.Run(fmt.Sprintf("urgent=%v", urgent), func(b *testing.B) {
			w := statedb.NewWriter(&MemoryState{}, nil)
			all := benchMemories(1000)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				w.Put(all[n%1000], urgent)
				n++
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func benchMemories(n int) []daemonapp.Memory {
	at := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	all := make([]daemonapp.Memory, n)
	for i := range all {
		all[i] = daemonapp.Memory{
			Name: fmt.Sprintf("mail-queues/customer%05d", i), Type: "dir_queue", Digest: "3f9c2a1b5d",
			Next: at.Add(time.Duration(i) * time.Second), LastStart: at, LastEnd: at, LastSuccess: at,
		}
	}
	return all
}

// appender returns a function that appends as much as size memories have, and fsyncs.
func appender(b *testing.B, size int) func() {
	file, err := os.Create(filepath.Join(b.TempDir(), "plain"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = file.Close() })
	record := bytes.Repeat([]byte("x"), 120*size)
	return func() {
		if _, err := file.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := file.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
