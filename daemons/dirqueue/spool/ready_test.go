package spool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func TestReadyWhenClosed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has leases; elsewhere files are taken when they have settled")
	}
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	w, err := os.Create(filepath.Join(dir, "a"))
	must(t, err)
	put(t, dir, "b")
	now := soon()
	b := claim(t, q, 10, now)
	wantNames(t, b.Claimed, "b")
	if b.Waiting != 1 || !b.Next.After(now) || b.Next.After(now.Add(time.Second)) {
		t.Errorf("waiting %d, next look in %v, want 1 within a second", b.Waiting, b.Next.Sub(now))
	}
	if got := tree(t, dir); !slices.Contains(got, "a") {
		t.Errorf("a file in use was moved: %v", got)
	}
	looked, claimedAt := 0, time.Time{}
	for claimedAt.IsZero() {
		if now, looked = b.Next, looked+1; looked == 12 {
			closeFile(t, w)
		}
		if b = claim(t, q, 10, now); len(b.Claimed) == 1 {
			claimedAt = now
		} else if looked > 12 {
			t.Fatalf("a closed file is not claimed: %+v", b)
		}
	}
	if gap := claimedAt.Sub(soon()); gap < 5*time.Second || gap > time.Minute {
		t.Errorf("12 looks took %v, want them to grow to 2 s apart and no more", gap)
	}
}

func TestReadyWhenSettled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{Ready: spool.ReadySettled, Settle: 2 * time.Second})
	path := filepath.Join(dir, "a")
	grow := func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		must(t, err)
		_, err = f.WriteString("x")
		must(t, err)
		must(t, f.Close())
	}
	start := soon()
	at := func(after time.Duration, want int) {
		t.Helper()
		if b := claim(t, q, 1, start.Add(after)); len(b.Claimed) != want {
			t.Errorf("after %v: claimed %d, want %d; %+v", after, len(b.Claimed), want, b)
		}
	}
	grow()
	at(0, 0)
	at(1900*time.Millisecond, 0)
	grow()
	at(2*time.Second, 0)
	at(3900*time.Millisecond, 0)
	must(t, os.Rename(path, filepath.Join(dir, "b")))
	write(t, path, "xx") // the same size, another inode
	must(t, os.Remove(filepath.Join(dir, "b")))
	at(4*time.Second, 0)
	at(3*time.Second, 0) // the clock was set back
	at(4900*time.Millisecond, 0)
	at(6*time.Second, 1)
}

func TestReadyWhenMarked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{Ready: spool.ReadyMarked, Marker: "{name}.ok", Window: 2})
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf("0-%02d", i))
	}
	put(t, dir, append(many, "a", "b", "b.ok", "c.ok", ".ok")...)
	now := soon()
	b := claim(t, q, 10, now)
	wantNames(t, b.Claimed, "b")
	if got := listNames(t, q, spool.StateReady); slices.Contains(got, "b.ok") || slices.Contains(got, "c.ok") || len(got) != 51 {
		t.Errorf("ready: %v", got)
	}
	// A marker that comes before its file is kept for it; one for the next file of that name, too.
	put(t, dir, "c")
	b = claim(t, q, 10, now.Add(5*time.Second))
	wantNames(t, b.Claimed, "c")
	if got := tree(t, dir); slices.Contains(got, "c.ok") || slices.Contains(got, "b.ok") {
		t.Errorf("the markers of claimed files are left: %v", got)
	}
}

// A claim that crashed before it removed the marker leaves none that would declare the next file complete.
func TestRecoverRemovesOldMarker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := spool.Options{Ready: spool.ReadyMarked}
	put(t, dir, "a", "b", "a.done", "b.done")
	dying := openQueue(t, dir, o)
	claim(t, dying, 2, soon())
	dying.Die()
	// The marker of a is as it was before the claim: older than the claimed file's last change.
	claims, err := filepath.Glob(filepath.Join(dir, ".peakd/claim/*/0-0/a"))
	must(t, err)
	put(t, dir, "a.done")
	must(t, os.Chmod(claims[0], 0o600))
	time.Sleep(20 * time.Millisecond) // so that the file system's clock ticks
	put(t, dir, "b.done")
	q := openQueue(t, dir, o)
	recoverAll(t, q, soon())
	got := tree(t, dir)
	if slices.Contains(got, "a.done") || !slices.Contains(got, "b.done") {
		t.Errorf("left: %v, want the new marker of b and not the old one of a", got)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	all := []string{"a.eml", "b.eml", ".hidden", "c.tmp", "d.part", "e~", "f", "ä\xff\n.eml"}
	tests := []struct {
		name             string
		include, exclude []string
		want             []string
	}{
		{"defaults", nil, nil, []string{"a.eml", "b.eml", "f", "ä\xff\n.eml"}},
		{"all", nil, []string{}, []string{".hidden", "a.eml", "b.eml", "c.tmp", "d.part", "e~", "f", "ä\xff\n.eml"}},
		{"some", []string{"*.eml", "f"}, []string{"b*"}, []string{"a.eml", "f", "ä\xff\n.eml"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			put(t, dir, all...)
			q := openQueue(t, dir, spool.Options{Include: test.include, Exclude: test.exclude})
			if diff := cmp.Diff(test.want, listNames(t, q, spool.StateReady)); diff != "" {
				t.Errorf("listed (-want +got):\n%s", diff)
			}
			wantNames(t, claim(t, q, 10, soon()).Claimed, test.want...)
		})
	}
	for _, o := range []spool.Options{
		{Include: []string{"["}},
		{Exclude: []string{"a[]"}},
		{Ready: spool.ReadyMarked, Marker: "done"},
		{Ready: spool.ReadyMarked, Marker: "{name}"},
		{Ready: spool.ReadyMarked, Marker: "done/{name}"},
		{Order: spool.OrderPriority},
	} {
		if _, err := spool.Open(t.TempDir(), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	files := []string{"c-p1", "a-p10", "b-p2", "d", "e-p-5", "f-p10", "g-p99999999999"}
	tests := []struct {
		name    string
		options spool.Options
		want    []string
	}{
		{"name", spool.Options{}, []string{"a-p10", "b-p2", "c-p1", "d", "e-p-5", "f-p10", "g-p99999999999"}},
		{"modified", spool.Options{Order: spool.OrderModified}, files},
		{
			"priority",
			spool.Options{Order: spool.OrderPriority, Priority: regexp.MustCompile(`-p(-?\d+)`)},
			[]string{"g-p99999999999", "a-p10", "f-p10", "b-p2", "c-p1", "d", "e-p-5"},
		},
	}
	for _, test := range tests {
		for _, window := range []int{1, 2, 3, 1000} {
			t.Run(fmt.Sprint(test.name, " ", window), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				put(t, dir, files...)
				for i, name := range files {
					at := time.Now().Add(time.Duration(i-100) * time.Second)
					must(t, os.Chtimes(filepath.Join(dir, name), at, at))
				}
				options := test.options
				options.Window = window
				q := openQueue(t, dir, options)
				var got []*spool.Claimed
				for range files {
					got = append(got, claimOne(t, q, soon()))
				}
				wantNames(t, got, test.want...)
			})
		}
	}
}

func TestOrderNoneFindsAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var want []string
	for i := range 3000 {
		want = append(want, fmt.Sprintf("%s-%04d", strings.Repeat("x", 20), i))
	}
	put(t, dir, want...)
	q := openQueue(t, dir, spool.Options{Order: spool.OrderNone})
	var got []string
	now := soon()
	for more := true; more; {
		b := claim(t, q, 100, now)
		for _, c := range b.Claimed {
			must(t, q.Done(c, now))
		}
		got = append(got, names(b.Claimed)...)
		more = b.More || len(b.Claimed) > 0
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d files were claimed, want each of the %d once", len(got), len(want))
	}
}

// Files that wait for another attempt and new ones take turns.
func TestTurns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	put(t, dir, "r1", "r2", "r3")
	now := soon()
	for _, c := range claim(t, q, 3, now).Claimed {
		must(t, q.Retry(c, now.Add(time.Second), now))
	}
	put(t, dir, "a", "b", "c", "d", "e")
	now = spool.Due(now.Add(time.Second), now)
	wantNames(t, claim(t, q, 8, now).Claimed, "r1", "a", "r2", "b", "r3", "c", "d", "e")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := t.TempDir()
	put(t, dir, "mine", "nobody's", "large one")
	must(t, os.Chown(filepath.Join(dir, "nobody's"), 65534, 65534))
	q := openQueue(t, dir, spool.Options{Owners: []int{0, 1}, MaxSizeBytes: 8})
	b := claim(t, q, 10, soon())
	wantNames(t, b.Claimed, "mine")
	want := []spool.Refused{
		{Name: "large one", Reason: "it has 9 bytes, at most 8 are taken"},
		{Name: "nobody's", Reason: "it belongs to user 65534, whose files are not taken"},
	}
	if diff := cmp.Diff(want, b.Refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	for i, e := range list(t, q, spool.StateFailed) {
		if e.Name != want[i].Name || e.Failure.Reason != want[i].Reason || e.Attempts != 0 {
			t.Errorf("failed: %+v, want %+v", e, want[i])
		}
	}
}

// An unchanged directory is not read again, and a changed one always is.
func TestUnchangedDirectoryIsNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	if b := claim(t, q, 1, time.Now()); b.Skipped {
		t.Error("a directory was believed unchanged that changed a moment ago")
	}
	now := soon()
	time.Sleep(50 * time.Millisecond) // the kernel's clock has to tick
	if b := claim(t, q, 1, now); b.Skipped {
		t.Error("a directory was believed unchanged whose last reading was too early to tell")
	}
	if b := claim(t, q, 1, now); !b.Skipped || q.Changed() {
		t.Error("an unchanged directory was read")
	}
	if b, err := q.Claim(spool.Request{Now: now, N: 1, Rescan: true}); err != nil || b.Skipped {
		t.Error("a directory was not read although that was asked for")
	}
	for i := range 100 {
		put(t, dir, fmt.Sprint(i))
		if !q.Changed() {
			t.Fatal("a new file went unnoticed")
		}
		must(t, q.Done(claimOne(t, q, time.Now()), now))
	}
}

func TestUnreadableAndIrregular(t *testing.T) {
	t.Parallel()
	for _, ready := range []spool.Ready{spool.ReadyClosed, spool.ReadyRenamed, spool.ReadySettled, spool.ReadyMarked} {
		dir := t.TempDir()
		must(t, os.Mkdir(filepath.Join(dir, "directory"), 0o700))
		must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
		must(t, os.Symlink("/nowhere", filepath.Join(dir, "dangling")))
		must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
		must(t, unix.Mknod(filepath.Join(dir, "socket"), unix.S_IFSOCK|0o600, 0))
		before := tree(t, dir)
		for _, name := range before {
			write(t, filepath.Join(dir, name+".done"), "")
		}
		q := openQueue(t, dir, spool.Options{Ready: ready, Exclude: []string{"*.done"}})
		for _, after := range []time.Duration{0, 3 * time.Second, 3 * time.Minute} {
			b, err := q.Claim(spool.Request{Now: soon().Add(after), N: 10, Rescan: true})
			must(t, err)
			if len(b.Claimed) > 0 {
				t.Errorf("ready %d: claimed %v", ready, names(b.Claimed))
			}
		}
		for _, name := range append(before, "directory") {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				t.Errorf("ready %d: %v", ready, err)
			}
		}
		must(t, q.Close())
	}
}
