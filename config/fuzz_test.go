package config_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peakd/peakd/config"
)

// FuzzLoad feeds both syntaxes to everything that reads and writes: whatever stands in a file, there is an answer.
func FuzzLoad(f *testing.F) {
	seeds, err := filepath.Glob("testdata/bad/*.hcl*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range seeds {
		if data, err := os.ReadFile(path); err == nil && !strings.HasSuffix(path, ".txt") {
			f.Add(data)
		}
	}
	f.Add([]byte(seedText))
	f.Add([]byte(digestText))
	f.Add([]byte(outboxTemplate))
	registry := testRegistry(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.ContainsAny(data, "/") { // nothing outside is to be read
			data = bytes.ReplaceAll(data, []byte("/"), []byte("_"))
		}
		cfg, diags := config.Load(config.Options{
			Paths: []string{"-"}, Stdin: bytes.NewReader(data), Registry: registry, Hostname: "h",
			Environ: func(name string) (string, bool) { return name, name == "A" },
		})
		for _, d := range diags.All() {
			if d.Line > 0 && (d.Col < 1 || d.EndCol < d.Col || d.Start > d.End || d.End > len(d.Source)) {
				t.Errorf("%+v stands nowhere", d)
			}
			if d.Summary == "" {
				t.Errorf("%+v says nothing", d)
			}
		}
		if err := diags.WriteText(io.Discard, config.TextOptions{}); err != nil {
			t.Error(err)
		}
		if diags.HasErrors() {
			return
		}
		again, _ := config.Load(config.Options{
			Paths: []string{"-"}, Stdin: bytes.NewReader(data), Registry: registry, Hostname: "h",
			Environ: func(name string) (string, bool) { return name, name == "A" },
		})
		if again.Digest != cfg.Digest {
			t.Error("two readings have two digests")
		}
		for _, dec := range cfg.Daemons {
			if dec.Planner() == nil || dec.Digest == "" {
				t.Errorf("%s has no planner or no digest", dec.Name)
			}
			for _, template := range dec.Templates() {
				_, _ = template.Decode(config.Each{Name: "a", Path: "b"}) // may be wrong, must not panic
			}
		}
		if _, err := cfg.Specs(config.BuildEnv{}); err != nil && !strings.Contains(err.Error(), "build ") {
			t.Error(err)
		}
	})
}

// FuzzFormat lays out whatever it is given, and what it has laid out stays as it is.
func FuzzFormat(f *testing.F) {
	f.Add([]byte(seedText))
	f.Add([]byte("a=1\nb   =   2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return
		}
		config.Format(data)
	})
}
