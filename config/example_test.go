package config_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// A daemon type is a struct with tags and a function that builds the daemon.
func ExampleNewType() {
	type settings struct {
		Greeting string `hcl:"greeting,required" doc:"what to say"`
	}
	greet := config.NewType("greet", "Says hello.", settings{},
		func(env config.Env, s settings) (daemonapp.Daemon, error) {
			return daemonapp.Task{Planner: env.Planner, Do: func(context.Context) (schedule.Result, error) {
				fmt.Println(env.Name, "says", s.Greeting)
				return schedule.Result{Outcome: schedule.Worked}, nil
			}}, nil
		})
	registry, err := config.NewRegistry(greet)
	if err != nil {
		panic(err)
	}
	cfg, diags := config.Load(config.Options{
		Paths: []string{"-"}, Registry: registry,
		Stdin: strings.NewReader(`
			daemon "greet" "world" {
			  run_every = "1d12h"
			  greeting  = upper("hello")
			}`),
	})
	if err := diags.Err(); err != nil {
		panic(err)
	}
	specs, err := cfg.Specs(config.BuildEnv{})
	if err != nil {
		panic(err)
	}
	if _, err := specs[0].Daemon.Run(context.Background()); err != nil {
		panic(err)
	}
	// Output: world says HELLO
}

// Mistakes are told with their place and the way out.
func ExampleDiagnostics_WriteText() {
	registry, err := config.NewRegistry()
	if err != nil {
		panic(err)
	}
	_, diags := config.Load(config.Options{
		Paths: []string{"-"}, Registry: registry,
		Stdin: strings.NewReader("app \"mail\" {\n  shutdwon_after = \"30m\"\n}\n"),
	})
	if err := diags.WriteText(os.Stdout, config.TextOptions{}); err != nil {
		panic(err)
	}
	// Output:
	// <stdin>:2:3: error: app has no attribute "shutdwon_after"
	//     2 |   shutdwon_after = "30m"
	//       |   ^^^^^^^^^^^^^^
	//       = did you mean "shutdown_after"?
	//
	// 1 error in 1 file, 0 daemons
}
