package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/peakd/peakd/config"
)

// manyDaemons is a configuration of n daemons.
func manyDaemons(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `daemon "exec" "d%d" {
  run_every    = "5m"
  maximum_idle = "10m"
  command      = ["/usr/bin/import", "%d"]
  env          = { A = "1" }
}
`, i, i)
	}
	return b.String()
}

// BenchmarkLoad measures reading and checking against HCL's parser alone.
func BenchmarkLoad(b *testing.B) {
	src := manyDaemons(1000)
	registry := testRegistry(b)
	b.Run("parser alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, diags := hclsyntax.ParseConfig([]byte(src), "x", hcl.InitialPos); diags.HasErrors() {
				b.Fatal(diags)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, diags := config.Load(config.Options{Paths: []string{"-"}, Stdin: strings.NewReader(src), Registry: registry, Hostname: "h"})
			if diags.HasErrors() {
				b.Fatal(diags)
			}
		}
	})
}

// BenchmarkTemplate measures what one child of a seed costs.
func BenchmarkTemplate(b *testing.B) {
	cfg := good(b, seedText)
	template := cfg.Daemons[0].Templates()[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := template.Decode(config.Each{Name: "a", Path: "/srv/inbox/a"}); err != nil {
			b.Fatal(err)
		}
	}
}
