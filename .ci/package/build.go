package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// build makes the files that are not in the repository.
type build struct {
	root     string
	stage    string // where they go
	date     time.Time
	version  string            // of the program
	programs map[string]string // by architecture
}

// prepare makes those that are the same for all packages.
func prepare(ctx context.Context, root, stage string) (*build, error) {
	date, err := sourceDate(ctx, root)
	if err != nil {
		return nil, err
	}
	b := &build{root: root, stage: stage, date: date, programs: map[string]string{}}
	return b, b.generate(ctx)
}

// sourceDate is the time that everything in a package has: $SOURCE_DATE_EPOCH, or that of the latest commit.
func sourceDate(ctx context.Context, root string) (time.Time, error) {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		out, err := run(ctx, root, nil, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return time.Time{}, fmt.Errorf("find the date of the sources: %w; or set SOURCE_DATE_EPOCH", err)
		}
		epoch = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// program builds peakd for an architecture, once: one file that needs no other.
func (b *build) program(ctx context.Context, arch string) (string, error) {
	if path, ok := b.programs[arch]; ok {
		return path, nil
	}
	path, err := filepath.Abs(filepath.Join(b.stage, "peakd-"+arch))
	if err != nil {
		return "", err
	}
	env := []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0", "GOFLAGS="}
	_, err = run(ctx, b.root, env, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./cmd/peakd")
	b.programs[arch] = path
	return path, err
}

// generate has peakd itself write what goes with it, and tell its version.
func (b *build) generate(ctx context.Context) error {
	program, err := b.program(ctx, runtime.GOARCH)
	if err != nil {
		return err
	}
	for name, args := range map[string][]string{
		"peakd.8":      {"man"},
		"peakd.bash":   {"completion", "bash"},
		"_peakd":       {"completion", "zsh"},
		"peakd.fish":   {"completion", "fish"},
		"example.hcl":  {"init"},
		"peakd.unit":   {"init", "--systemd"},
		"version.json": {"version", "--json"},
	} {
		text, err := run(ctx, b.root, nil, program, args...)
		if err != nil {
			return err
		}
		if err := b.keep(name, text); err != nil {
			return err
		}
	}
	return errors.Join(b.unit(), b.manual(), b.ask(), b.keep("peakd.sysusers", []byte(sysusers)))
}

// sysusers is the user that the service runs as.
const sysusers = "u peakd - \"peakd, many small recurring daemons\" /var/lib/peakd\n"

func (b *build) keep(name string, text []byte) error {
	return os.WriteFile(filepath.Join(b.stage, name), text, 0o644)
}

func (b *build) kept(name string) ([]byte, error) { return os.ReadFile(filepath.Join(b.stage, name)) }

// unit takes away how to install it: the package does.
func (b *build) unit() error {
	text, err := b.kept("peakd.unit")
	if err != nil {
		return err
	}
	start := bytes.Index(text, []byte("[Unit]"))
	if start < 0 {
		return errors.New("find [Unit] in the unit: it is not there")
	}
	return b.keep("peakd.service", text[start:])
}

// manual compresses the page, as packages have it.
func (b *build) manual() error {
	text, err := b.kept("peakd.8")
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return b.keep("peakd.8.gz", packed.Bytes())
}

// ask takes the version from the program.
func (b *build) ask() error {
	text, err := b.kept("version.json")
	if err != nil {
		return err
	}
	var v struct{ Version string }
	if err := json.Unmarshal(text, &v); err != nil {
		return fmt.Errorf("read the version of the program: %w", err)
	}
	b.version = v.Version
	return nil
}

// number brings a version into the form of packages: "v1.2.3-rc1" is 1.2.3~rc1, which is before 1.2.3. What was not
// built from a tag comes before every version.
func number(version string) (string, error) {
	plain, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "+")
	if plain == "(devel)" || plain == "" {
		plain = "0.0.0-devel"
	}
	plain = strings.ReplaceAll(strings.Replace(plain, "-", "~", 1), "-", ".")
	if !regexp.MustCompile(`^\d[0-9A-Za-z.~]*$`).MatchString(plain) {
		return "", fmt.Errorf("name packages: %q is no version", version)
	}
	return plain, nil
}

// run runs a command and returns what it wrote.
func run(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s %s: %w\n%s", name, strings.Join(args, " "), err, complaints.Bytes())
	}
	return out, nil
}
