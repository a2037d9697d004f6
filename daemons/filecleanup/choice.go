package filecleanup

import "fmt"

// choice decides by name and type.
type choice struct {
	include, exclude globs
	kinds            [kindDevice + 1]bool
}

func newChoice(s Settings) (choice, error) {
	var c choice
	var err error
	if c.include, err = newGlobs(s.Include); err != nil {
		return choice{}, fmt.Errorf("read include: %w", err)
	}
	if c.exclude, err = newGlobs(s.Exclude); err != nil {
		return choice{}, fmt.Errorf("read exclude: %w", err)
	}
	for _, name := range s.Types {
		k, known := kindNamed(name)
		if !known {
			return choice{}, fmt.Errorf("read types: unknown type %q", name)
		}
		c.kinds[k] = true
	}
	return c, nil
}

// kind tells whether something of that kind may go; of an unknown one it may.
func (c *choice) kind(k kind) bool { return k == kindUnknown || c.kinds[k] }

// name tells whether something of that name may go.
func (c *choice) name(dir func() string, name string) bool {
	return c.include.match(dir, name) && !c.exclude.match(dir, name)
}
