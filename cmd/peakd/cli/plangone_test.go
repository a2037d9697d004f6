package cli_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
)

// A plan lists what is still known of daemons that are gone, and for how long.
func TestPlanListsWhatIsGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	db, err := statedb.Open(dir)
	must(t, err)
	gone := time.Now().Add(-48 * time.Hour)
	must(t, db.Save([]daemonapp.Memory{
		{Name: "old-export", Type: "exec", Gone: gone},
		{Name: "alive", Type: "exec"},
		{Name: "mail/bulk", Type: "dir_queue", Gone: gone.Add(time.Hour)},
	}))
	must(t, db.SaveApplied(statedb.Applied{App: "x", At: time.Now(), By: "start"}))
	must(t, db.Close())
	conf := file(t, "app.hcl", fmt.Sprintf("app \"x\" {\n  state_dir = %q\n}\n", dir))

	r := command(t, "", nil, "plan", "-c", conf)
	want(t, "the plan", r.out, `^still known of daemons that are gone:\n  mail/bulk +dir_queue  since \d{4}-\d\d-\d\d \d\d:\d\d, until \d{4}-\d\d-\d\d\n  old-export +exec `)
	var plan struct {
		Unchanged int
		Gone      []struct {
			Name, Type   string
			Since, Until time.Time
		}
	}
	r = command(t, "", nil, "plan", "-c", conf, "--format", "json")
	must(t, json.Unmarshal([]byte(r.out), &plan))
	if len(plan.Gone) != 2 || plan.Gone[1].Name != "old-export" || plan.Gone[1].Type != "exec" || !plan.Gone[1].Since.Equal(gone) ||
		!plan.Gone[1].Until.Equal(gone.Add(30*24*time.Hour)) {
		t.Errorf("got %+v of %s", plan, r.out)
	}
}
