package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// largestFile is what a configuration, or a file it reads, may have: more is a mistake.
const largestFile = 64 << 20

// outside is what a configuration can ask of the system.
type outside struct {
	environ  func(string) (string, bool)
	hostname func() (string, error)
	group    int // the process's own, whose members may read secrets
}

// functions are those that look outside; relative paths are taken from the file they stand in.
func (o outside) functions(src *source, s *secrets) map[string]function.Function {
	return map[string]function.Function{
		"env": o.env(),
		"file": textFunction(func(path string) (string, error) {
			text, _, err := src.read(path)
			return text, err
		}),
		"abspath":    textFunction(func(path string) (string, error) { return filepath.Abs(src.path(path)) }),
		"secret":     secretFunction(s, func(path string) (string, error) { return o.secret(src, path) }),
		"credential": secretFunction(s, o.credential),
		"hostname": function.New(&function.Spec{
			Type: function.StaticReturnType(cty.String),
			Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
				name, err := o.hostname()
				return cty.StringVal(name), err
			},
		}),
	}
}

func (o outside) env() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, function.NewArgErrorf(2, "env takes a name and a default")
			}
			name := args[0].AsString()
			if v, ok := o.environ(name); ok {
				return cty.StringVal(v), nil
			}
			if len(args) == 2 {
				return args[1], nil
			}
			return cty.NilVal, &callError{message: name + " is not set in the environment", hint: `env("` + name + `", "...") has a default`}
		},
	})
}

// secretFunction makes a function whose result is sensitive, and recorded so that it can be masked.
func secretFunction(s *secrets, read func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "name", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := read(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			s.add(text)
			return cty.StringVal(text).Mark(sensitive{}), nil
		},
	})
}

// callsSecret tells whether the text of an expression calls one of the functions made here.
func callsSecret(expr string) bool {
	return strings.Contains(expr, "secret") || strings.Contains(expr, "credential")
}

// secret reads a file that only its owner, and the group the process belongs to, may read.
func (o outside) secret(src *source, path string) (string, error) {
	text, info, err := src.read(path)
	if err != nil {
		return "", err
	}
	if o.exposed(info) {
		return "", &callError{message: fmt.Sprintf("others can read %s (mode %04o)", path, info.Mode().Perm()), hint: "chmod 0600 " + path}
	}
	return chomp(text), nil
}

// exposed tells whether a file can be read by others than its owner. A group that is root's, the process's own
// or its owner's private one (they have the same number) is trusted.
func (o outside) exposed(info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	if mode&0o006 != 0 {
		return true
	}
	uid, gid := owner(info)
	return mode&0o060 != 0 && gid != 0 && gid != o.group && gid != uid
}

// credential reads one of the credentials that the service manager has handed over.
func (o outside) credential(name string) (string, error) {
	dir, ok := o.environ("CREDENTIALS_DIRECTORY")
	if !ok || dir == "" {
		return "", &callError{
			message: "CREDENTIALS_DIRECTORY is not set", hint: "systemd sets it for a unit with LoadCredential= or SetCredential=",
		}
	}
	if name != filepath.Base(name) || name == "." || name == ".." {
		return "", &callError{message: "a credential's name is no path"}
	}
	text, _, err := readText(filepath.Join(dir, name))
	if err != nil {
		return "", unreadable("credential "+name, err)
	}
	return chomp(text), nil
}

// chomp drops one line end.
func chomp(text string) string {
	if before, ok := strings.CutSuffix(text, "\n"); ok {
		return strings.TrimSuffix(before, "\r")
	}
	return text
}

// read reads a text whose path stands in this file.
func (s *source) read(path string) (string, fs.FileInfo, error) {
	text, info, err := readText(s.path(path))
	if err != nil {
		wrong := unreadable(path, err)
		if !filepath.IsAbs(path) {
			wrong.hint = "a relative path is taken from the folder of the file it stands in"
		}
		return "", nil, wrong
	}
	return text, info, nil
}

// readText reads a whole file, which must be text.
func readText(path string) (string, fs.FileInfo, error) {
	data, info, err := readFile(path)
	if err == nil && !utf8.Valid(data) {
		err = errors.New("it is not text (UTF-8)")
	}
	return string(data), info, err
}

// unreadable is the error of a file, by the name that it has in the configuration.
func unreadable(name string, err error) *callError {
	if pathErr := (&fs.PathError{}); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return &callError{message: "read " + name, err: err}
}

// readFile reads a file and tells what it is, of one and the same opening.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path) //nolint:gosec // the configuration says which
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return nil, nil, errors.New("it is a directory")
	}
	data, err := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err == nil && len(data) > largestFile {
		err = fmt.Errorf("it has more than %d MiB", largestFile>>20)
	}
	return data, info, err
}
