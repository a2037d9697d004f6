package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
)

// stdinName is what diagnostics call standard input.
const stdinName = "<stdin>"

// deepest is how far brackets may nest. The parsers call themselves at each, and a stack is not endless.
const deepest = 5000

// file is a file of a configuration that was parsed.
type file struct {
	src  *source
	body hcl.Body
}

// read opens and parses all files.
func (l *loader) read() []file {
	if len(l.o.Paths) == 0 {
		l.c.faultf("", []string{"name a file or a directory with --config"}, "there is no configuration")
	}
	var files []file
	seen := make(map[string]bool)
	for _, path := range l.o.Paths {
		for _, name := range l.expandPath(path) {
			key := absolute(name)
			if seen[key] {
				continue
			}
			seen[key] = true
			if src, body := l.open(name); src != nil {
				l.cfg.Files = append(l.cfg.Files, src.name)
				if body != nil {
					files = append(files, file{src, body})
				}
			}
		}
	}
	return files
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil && path != "-" {
		return full
	}
	return path
}

// expandPath is the path, or the files of the directory that it is.
func (l *loader) expandPath(path string) []string {
	if path == "-" {
		return []string{path}
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path} // opening it tells what is wrong
	}
	if !l.trusted(path, info) {
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		l.unreadable(path, err)
		return nil
	}
	var names []string
	for _, e := range entries { // sorted by name
		name := e.Name()
		if strings.HasPrefix(name, ".") || e.IsDir() || !strings.HasSuffix(name, ".hcl") && !strings.HasSuffix(name, ".hcl.json") {
			continue
		}
		names = append(names, filepath.Join(path, name))
	}
	return names
}

func (l *loader) unreadable(path string, err error) {
	if pathErr := (&fs.PathError{}); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	l.c.faultf(path, nil, "it cannot be read: %s", err)
}

// trusted tells whether only root can write what root reads.
func (l *loader) trusted(path string, info fs.FileInfo) bool {
	if !l.o.strict() || !info.Mode().IsRegular() && !info.IsDir() {
		return true
	}
	uid, gid := owner(info)
	who := writers(info.Mode(), uid, gid)
	if who == "" {
		return true
	}
	fix := "chmod go-w " + path
	if uid != 0 {
		fix = "chown root " + path
	}
	l.c.faultf(path, []string{fix + ", or --allow-writable-config"}, "%s can write it, and %s runs as root", who, l.o.program())
	return false
}

// writers is who besides root can write a file.
func writers(mode fs.FileMode, uid, gid int) string {
	switch {
	case uid != 0:
		return fmt.Sprintf("user %d", uid)
	case mode&0o002 != 0:
		return "everybody"
	case mode&0o020 != 0 && gid != 0:
		return fmt.Sprintf("group %d", gid)
	}
	return ""
}

// open reads and parses one file. Without a source it could not be read, without a body not parsed; that has
// been told then.
func (l *loader) open(path string) (*source, hcl.Body) {
	var data []byte
	var err error
	name, dir := path, filepath.Dir(absolute(path))
	if path == "-" {
		name, dir = stdinName, absolute(".")
		data, err = l.stdin()
	} else {
		var info fs.FileInfo
		data, info, err = readFile(path)
		if err == nil && !l.trusted(path, info) {
			l.w.partial = true
			return nil, nil
		}
	}
	if err != nil {
		l.unreadable(name, err)
		l.w.partial = true
		return nil, nil
	}
	src := newSource(name, dir, data)
	src.order = len(l.sources)
	l.sources = append(l.sources, src)
	src.json = strings.HasSuffix(path, ".json") || path == "-" && startsWithBrace(data)
	return src, l.parse(src)
}

func (l *loader) stdin() ([]byte, error) {
	if l.o.Stdin == nil {
		return nil, errors.New("there is no standard input")
	}
	data, err := io.ReadAll(io.LimitReader(l.o.Stdin, largestFile+1))
	if err == nil && len(data) > largestFile {
		err = fmt.Errorf("it has more than %d MiB", largestFile>>20)
	}
	return data, err
}

func startsWithBrace(data []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(string(data[:min(len(data), 4096)]), " \t\r\n"), "{")
}

// parse is the body of a file, or nil if its syntax is wrong.
func (l *loader) parse(src *source) hcl.Body {
	if at, deep := tooDeep(src.data); deep {
		l.w.partial = true
		l.c.errorf(src.span(at, at+1), nil, "brackets nest deeper than %d", deepest)
		return nil
	}
	var f *hcl.File
	var diags hcl.Diagnostics
	if src.json {
		f, diags = hcljson.Parse(src.data, src.name)
	} else {
		f, diags = hclsyntax.ParseConfig(src.data, src.name, hcl.InitialPos)
	}
	if diags.HasErrors() {
		l.w.partial = true
		src.hideByLook(l.sensitiveNames())
		l.explain(firstOfEach(diags), src)
		return nil
	}
	return f.Body
}

// firstOfEach leaves out what only follows from a syntax error before it: more on its line, and quotes that
// seem to be open on the lines behind it.
func firstOfEach(diags hcl.Diagnostics) hcl.Diagnostics {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return start(a) - start(b) })
	var first hcl.Diagnostics
	line := -1
	for _, d := range diags {
		open := d.Summary == "Invalid multi-line string" || d.Summary == "Unterminated template string"
		if d.Subject == nil || d.Subject.Start.Line == line || open && line >= 0 {
			continue
		}
		line = d.Subject.Start.Line
		first = append(first, d)
	}
	return first
}

func start(d *hcl.Diagnostic) int {
	if d.Subject == nil {
		return -1
	}
	return d.Subject.Start.Byte
}

// tooDeep finds a place where brackets, or the operators - and !, nest too far. It need not be exact: brackets
// in strings count too.
func tooDeep(data []byte) (at int, deep bool) {
	depth, run := 0, 0
	for i, b := range data {
		switch b {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
		switch b {
		case '-', '!':
			run++
		case ' ', '\t':
		default:
			run = 0
		}
		if depth > deepest || run > deepest {
			return i, true
		}
	}
	return 0, false
}

// sensitiveNames are the settings that types mark as sensitive.
func (l *loader) sensitiveNames() []string {
	var names []string
	for _, t := range l.w.registry.types {
		names = append(names, t.shape.sensitiveNames()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *shape) sensitiveNames() []string {
	var names []string
	for _, f := range s.fields {
		if f.sensitive {
			names = append(names, f.name)
		}
		if f.kind == blockKind {
			names = append(names, f.block.sensitiveNames()...)
		}
	}
	return names
}
