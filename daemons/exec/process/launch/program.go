package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// find finds a program: a name with a slash in its directory, any other in the absolute directories of its own PATH.
func find(name, dir, path string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		if err := executable(name); err != nil && !errors.Is(err, errHidden) {
			return "", err
		}
		return name, nil
	}
	for _, in := range filepath.SplitList(path) {
		if file := filepath.Join(in, name); filepath.IsAbs(in) && executable(file) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("find program %s in %s: %w", name, path, fs.ErrNotExist)
}

// errHidden says that only the program's own user may know.
var errHidden = errors.New("may not look")

func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return errHidden
	case err != nil:
		return fmt.Errorf("find program: %w", err)
	case info.IsDir():
		return fmt.Errorf("find program: %s is a directory", file)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("find program: %s is not executable (its mode is %04o)", file, info.Mode().Perm())
	}
	return nil
}
