package spool_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func TestPut(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{false, true} {
		for _, volatile := range []bool{false, true} {
			t.Run(fmt.Sprintf("early=%v volatile=%v", early, volatile), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				p, err := spool.OpenProducer(dir, spool.ProducerOptions{Volatile: volatile, Mode: 0o604})
				must(t, err)
				defer p.Close()
				syncs := 0
				p.OnSync(func() error { syncs++; return nil })
				if early {
					p.NameEarly()
				}
				must(t, p.Put("a", strings.NewReader("first")))
				if err := p.Put("a", strings.NewReader("second")); !errors.Is(err, fs.ErrExist) {
					t.Errorf("the same name again: %v, want fs.ErrExist", err)
				}
				bad := errors.New("the source broke")
				if err := p.Put("b", io.MultiReader(strings.NewReader("x"), iotest.ErrReader(bad))); !errors.Is(err, bad) {
					t.Errorf("a broken source: %v", err)
				}
				if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(got) != "first" {
					t.Errorf("a holds %q, %v", got, err)
				}
				if st, err := os.Stat(filepath.Join(dir, "a")); err != nil || st.Mode().Perm()&0o007 != 0o004 {
					t.Errorf("mode %v, %v", st.Mode(), err)
				}
				if volatile != (syncs == 0) {
					t.Errorf("%d syncs", syncs)
				}
				wantTree(t, dir, "a")
			})
		}
	}
}

// In a group each file fails or comes through by itself.
func TestPutAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "f007")
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{})
	must(t, err)
	defer p.Close()
	syncs := 0
	p.OnSync(func() error { syncs++; return nil })
	var files []spool.File
	for i := range 150 {
		files = append(files, spool.File{Name: fmt.Sprintf("f%03d", i), From: strings.NewReader("x")})
	}
	files[100].Name = "a/b"
	files[101].From = iotest.ErrReader(io.ErrUnexpectedEOF)
	files[103].Name = files[102].Name
	for i, err := range p.PutAll(files) {
		want := map[int]error{7: fs.ErrExist, 100: spool.ErrName, 101: io.ErrUnexpectedEOF, 103: fs.ErrExist}[i]
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("file %d: %v, want %v", i, err, want)
		}
	}
	if got := len(tree(t, dir)); got != 147 {
		t.Errorf("%d files, want 147", got)
	}
	if syncs > 6 {
		t.Errorf("%d syncs for three groups", syncs)
	}
	if errs := p.PutAll(nil); len(errs) != 0 {
		t.Errorf("of nothing: %v", errs)
	}
}

// A file that is handed in is complete for who asks the kernel whether it is still being written, from the moment it is seen.
func TestPutIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has leases; elsewhere files are taken when they have settled")
	}
	for _, early := range []bool{false, true} {
		t.Run(fmt.Sprintf("early=%v", early), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			q := openQueue(t, dir, spool.Options{Ready: spool.ReadyClosed})
			p, err := spool.OpenProducer(dir, spool.ProducerOptions{})
			must(t, err)
			defer p.Close()
			if early {
				p.NameEarly()
			}
			var seen []string
			p.OnSync(func() error { // the last is after they have got their names
				seen = append(seen, names(claim(t, q, 10, soon()).Claimed)...)
				return nil
			})
			syscall.ForkLock.RLock() // a process that another test starts would have them open for writing
			defer syscall.ForkLock.RUnlock()
			must(t, p.Put("a", strings.NewReader("a")))
			must(t, errors.Join(p.PutAll([]spool.File{{Name: "b", From: strings.NewReader("b")}, {Name: "c", From: strings.NewReader("")}})...))
			if want := []string{"a", "b", "c"}; !slices.Equal(seen, want) {
				t.Errorf("claimed %v at the first look, want %v", seen, want)
			}
		})
	}
}

func ExampleEnqueue() {
	dir, err := os.MkdirTemp("", "queue")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := spool.Enqueue(dir, "order-1.json", strings.NewReader(`{"item": 7}`), spool.ProducerOptions{}); err != nil {
		panic(err)
	}
	err = spool.Enqueue(dir, "order-1.json", strings.NewReader(`{"item": 8}`), spool.ProducerOptions{})
	fmt.Println(errors.Is(err, fs.ErrExist))
	// Output: true
}
