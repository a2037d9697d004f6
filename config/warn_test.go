package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peakd/peakd/config"
)

// queueSettings are those of a stand-in for a type that has its directory for itself.
type queueSettings struct {
	Directory config.Path `hcl:"directory,required" doc:"the queue"`
}

// ExclusiveDirectory implements what config asks settings.
func (s *queueSettings) ExclusiveDirectory() string { return string(s.Directory) }

type dirQueueSettings struct {
	Deliver []deliver `hcl:"deliver,block" doc:"where files go"`
}

type dirQueueManagerSettings struct {
	Directory config.Path     `hcl:"directory,required" doc:"where the queues are"`
	Queue     config.Template `hcl:"queue,block" type:"dir_queue" doc:"each queue"`
}

type replicatorSettings struct {
	RecordCount int        `hcl:"record_count" doc:"records a run"`
	Source      ldapServer `hcl:"source,block,required" doc:"from where"`
	Targets     []replica  `hcl:"target,block" doc:"where to"`
}

type ldapServer struct {
	URLs   []string `hcl:"urls,required" doc:"servers"`
	BaseDN string   `hcl:"base_dn,required" doc:"where in the tree"`
}

type replica struct {
	Name string `hcl:"name,label" doc:"its name"`
	ldapServer
}

// queueOptions are options with a queue type besides the others, and those that the full example needs.
func queueOptions(t testing.TB, paths ...string) config.Options {
	t.Helper()
	o := options(t, paths...)
	r, err := config.NewRegistry(append(testTypes(),
		config.NewType("queue", "Works a queue off.", queueSettings{}, build[queueSettings]),
		config.NewType("dir_queue", "Works a queue off.", dirQueueSettings{}, build[dirQueueSettings]),
		config.NewType("dir_queue_manager", "Has queues.", dirQueueManagerSettings{}, build[dirQueueManagerSettings]),
		config.NewType("ldap_replicator", "Replicates.", replicatorSettings{}, build[replicatorSettings]),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	o.Registry = r
	return o
}

// TestWarnings compares what is said of each configuration in testdata/warn with the file beside it.
func TestWarnings(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/warn/*.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			_, diags := config.Load(queueOptions(t, path))
			golden(t, path+".txt", shown(t, diags))
			if diags.HasErrors() && filepath.Base(path) != "drawing.hcl" {
				t.Error("a configuration for warnings has errors")
			}
		})
	}
}

func TestALinkToTheSameDirectoryIsFound(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"real/in/keep": ""})
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	src := `
daemon "queue" "one" {
  run_every = "5m"
  directory = "` + dir + `/real/in"
}
daemon "queue" "two" {
  run_every = "5m"
  directory = "` + dir + `/link/in"
}
daemon "queue" "three" {
  run_every = "5m"
  directory = "` + dir + `/link/none"
}`
	o := queueOptions(t, "-")
	o.Stdin = strings.NewReader(src)
	_, diags := config.Load(o)
	got := shown(t, diags)
	if diags.Warnings() != 1 || !strings.Contains(got, "<stdin>:8:15: warning: two works on the same directory as one (<stdin>:4)") {
		t.Errorf("got\n%s", got)
	}
}

// TestNoDaemonInDirectory: there may be no file to name.
func TestNothingAtAllIsTold(t *testing.T) {
	t.Parallel()
	_, diags := text(t, "")
	if got := shown(t, diags); !strings.Contains(got, "<stdin>: warning: there is no daemon, so there is nothing to do") {
		t.Errorf("got\n%s", got)
	}
}

// TestWarningsOfGaps: the longest gap of a calendar decides, wherever in the year it lies.
func TestWarningsOfGaps(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		schedule, threshold string
		want                bool
	}{
		{"* * * * *", "2m", true},
		{"* * * * *", "1m", false},
		{"*/5 * * * *", "5m1s", true},
		{"*/5 * * * *", "5m", false},
		{"*/7 * * * *", "7m1s", true}, // 56, then 0
		{"0 * * * *", "61m", true},
		{"0 */6 * * *", "6h", false},
		{"0 */6 * * *", "7h", true},
		{"0 2,3 * * *", "22h", false},
		{"0 2,3 * * *", "1d", true},
		{"0 2 * * *", "2d", true},
		{"0 2 * * 1-5", "2d", false},
		{"0 2 * * 1-5", "4d", true},
		{"* * * 1-11 *", "30d", false},
		{"* * * 1-11 *", "32d", true},
		{"0 0 29 2 *", "52w", false},
	} {
		t.Run(tt.schedule+" "+tt.threshold, func(t *testing.T) {
			t.Parallel()
			_, diags := text(t, `
app "x" {
  stay_alive_for   = "1s"
  shutdown_if_idle = "`+tt.threshold+`"
  timezone         = "UTC"
}
daemon "file_cleanup" "x" {
  schedule  = "`+tt.schedule+`"
  directory = "/srv"
}`)
			if got := shown(t, diags); strings.Contains(got, "can never become idle") != tt.want {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// TestGapsWhereMidnightIsSkipped: in Havana the clock goes from 23:59 to 01:00.
func TestGapsWhereMidnightIsSkipped(t *testing.T) {
	t.Parallel()
	_, diags := text(t, `
app "x" {
  stay_alive_for   = "1s"
  shutdown_if_idle = "26h"
  timezone         = "America/Havana"
}
daemon "file_cleanup" "x" {
  schedule  = "30 23 * * *"
  directory = "/srv"
}`)
	if got := shown(t, diags); !strings.Contains(got, "can never become idle") {
		t.Errorf("got\n%s", got)
	}
}
