// Command generate writes the pages of docs/reference from what the program knows of itself. `make docs` runs it at
// the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const reference = "docs/reference"

func main() {
	if err := generate(reference); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// generate writes every page below a folder, and removes those of types that are gone.
func generate(folder string) error {
	all, err := pages()
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(folder, typesFolder, "*.md"))
	if err != nil {
		return err
	}
	for _, path := range old {
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if _, still := all[name]; still {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for name, text := range all {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
