package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// made are the packages of a version, by format.
type made map[string]string

// before and after are two versions, made once for all tests; again is after, made a second time.
var before, after, again made

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dist")
	if err == nil {
		err = makeAll(context.Background(), dir)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// makeAll makes what the tests look at: two versions of one build, and the later one of another build.
func makeAll(ctx context.Context, dir string) error {
	if err := os.Setenv("SOURCE_DATE_EPOCH", "1700000000"); err != nil {
		return err
	}
	for stage, wanted := range map[string]map[string]*made{
		"one": {"v0.1.0-rc1": &before, "v0.1.0": &after},
		"two": {"v0.1.0": &again},
	} {
		stage = filepath.Join(dir, stage)
		if err := os.Mkdir(stage, 0o755); err != nil {
			return err
		}
		b, err := prepare(ctx, repository(), stage)
		if err != nil {
			return err
		}
		for version, made := range wanted {
			list, err := b.packages(ctx, filepath.Join(stage, version), version, runtime.GOARCH)
			if err != nil {
				return err
			}
			*made = map[string]string{"deb": list[0], "rpm": list[1], "tar": list[2]}
		}
	}
	return nil
}

// repository is this one, or that of $PACKAGE_ROOT.
func repository() string {
	if root := os.Getenv("PACKAGE_ROOT"); root != "" {
		return root
	}
	return "../.."
}

// must runs a command and returns all that it wrote.
func must(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// wanted are the files of a package: "-rw-r--r-- /path".
func wanted(format string) []string {
	var list []string
	for _, f := range forFormat(contents("", "", ""), format) {
		list = append(list, f.mode.String()+" "+f.path)
	}
	slices.Sort(list)
	return list
}

// parents are the folders that a deb lists because files are in them.
func parents(line string) bool {
	return strings.HasPrefix(line, "d") && !strings.HasSuffix(line, " /etc/peakd")
}

// same compares lists of lines.
func same(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("it has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDebContents(t *testing.T) {
	t.Parallel()
	var got []string
	for line := range strings.Lines(must(t, nil, "dpkg-deb", "--contents", after["deb"])) {
		fields := strings.Fields(line)
		if fields[1] != "root/root" || fields[3] != "2023-11-14" {
			t.Errorf("owner or time: %s", line)
		}
		entry := fields[0] + " " + strings.TrimSuffix(strings.TrimPrefix(fields[5], "."), "/")
		if !parents(entry) {
			got = append(got, entry)
		}
	}
	same(t, got, wanted("deb"))
	if name := filepath.Base(after["deb"]); name != "peakd_0.1.0-1_"+runtime.GOARCH+".deb" {
		t.Errorf("it is called %s", name)
	}
	must(t, nil, "dpkg", "--compare-versions", field(t, before, "Version"), "lt", field(t, after, "Version"))
}

// field is one of a deb's control file.
func field(t *testing.T, m made, name string) string {
	t.Helper()
	return strings.TrimSpace(must(t, nil, "dpkg-deb", "--field", m["deb"], name))
}

func TestRPMContents(t *testing.T) {
	t.Parallel()
	const format = `[%{FILEMODES:perms} %{FILENAMES} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILEMTIMES} %{FILEFLAGS:fflags}.\n]`
	flags := map[string]string{}
	var got []string
	for line := range strings.Lines(must(t, nil, "rpm", "-qp", "--queryformat", format, after["rpm"])) {
		fields := strings.Fields(line)
		if fields[2] != "root/root" || fields[3] != "1700000000" {
			t.Errorf("owner or time: %s", line)
		}
		got = append(got, fields[0]+" "+fields[1])
		flags[fields[1]] = strings.TrimSuffix(fields[4], ".")
	}
	same(t, got, wanted("rpm"))
	for path, want := range map[string]string{
		"/etc/peakd/peakd.hcl.example": "cn", "/usr/share/doc/peakd/README.md": "d", "/usr/share/licenses/peakd/LICENSE": "l", "/usr/bin/peakd": "",
	} {
		if flags[path] != want {
			t.Errorf("%s has flags %q, want %q", path, flags[path], want)
		}
	}
	about := must(t, nil, "rpm", "-qp", "--queryformat", `%{NAME} %{VERSION} %{LICENSE} %{BUILDHOST} %{BUILDTIME}`, after["rpm"])
	if want := "peakd 0.1.0 Apache-2.0 localhost 1700000000"; about != want {
		t.Errorf("it says %q, want %q", about, want)
	}
}

func TestTarContents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var got []string
	for line := range strings.Lines(must(t, nil, "tar", "-tvzf", after["tar"])) {
		fields := strings.Fields(line)
		_, path, _ := strings.Cut(fields[5], "/")
		if path = "/" + path; !strings.HasPrefix(path, "/etc/") {
			path = "/usr" + path
		}
		got = append(got, fields[0]+" "+path)
		if fields[1] != "root/root" {
			t.Errorf("owner: %s", line)
		}
	}
	same(t, got, slices.DeleteFunc(wanted("tar"), func(line string) bool { return strings.HasPrefix(line, "d") }))
	must(t, nil, "tar", "-xzf", after["tar"], "-C", dir, "--strip-components=1")
	runs(t, filepath.Join(dir, "bin/peakd"))
}

// runs starts an installed peakd.
func runs(t *testing.T, program string) {
	t.Helper()
	if out := must(t, nil, program, "version"); !strings.HasPrefix(out, "peakd ") {
		t.Errorf("version says %q", out)
	}
}

// TestReproducible: the same sources and date give the same bytes.
func TestReproducible(t *testing.T) {
	t.Parallel()
	for format, path := range after {
		one, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(again[format])
		if err != nil {
			t.Fatal(err)
		}
		if string(one) != string(two) {
			t.Errorf("%s is another the second time", format)
		}
	}
}

// TestTexts: what comes along is what the tools that read it expect.
func TestTexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, nil, "dpkg-deb", "--extract", after["deb"], dir)
	in := func(path string) string { return filepath.Join(dir, path) }
	must(t, nil, "bash", "-n", in("usr/share/bash-completion/completions/peakd"))
	must(t, nil, "gzip", "--test", in("usr/share/man/man8/peakd.8.gz"))
	must(t, nil, in("usr/bin/peakd"), "validate", "--allow-writable-config", "-c", in("etc/peakd/peakd.hcl.example"))
	unit, err := os.ReadFile(in("usr/lib/systemd/system/peakd.service"))
	if err != nil || !strings.HasPrefix(string(unit), "[Unit]") {
		t.Errorf("the unit is %q (%v)", unit, err)
	}
	// Nothing in /etc/peakd is loaded before somebody puts it there.
	if loaded, _ := filepath.Glob(in("etc/peakd/*.hcl")); len(loaded) > 0 {
		t.Errorf("%s would be loaded", loaded)
	}
	if _, err := exec.CommandContext(t.Context(), "man", "-l", in("usr/share/man/man8/peakd.8.gz")).Output(); err != nil {
		t.Errorf("man cannot read the page: %v", err)
	}
}

// TestVersions brings those of Go into the form of packages.
func TestVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"v1.2.3": "1.2.3", "v1.2.3-rc1": "1.2.3~rc1", "1.2.3": "1.2.3", "(devel)": "0.0.0~devel", "v1.2.3+dirty": "1.2.3",
		"v0.0.0-20261123100000-0123456789ab+dirty": "0.0.0~20261123100000.0123456789ab",
	} {
		if got, err := number(version); err != nil || got != want {
			t.Errorf("%s becomes %s (%v), want %s", version, got, err, want)
		}
	}
	if got, err := number("tomorrow's"); err == nil {
		t.Errorf("%s is no version", got)
	}
}
