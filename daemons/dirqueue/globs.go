package dirqueue

import (
	"path"
	"slices"
	"strings"
)

func (v *faults) globs(field string, globs []string) {
	for _, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil || strings.Contains(glob, "/") {
			v.add(field, "*, ? and [a-z] stand for characters of one name", "%q is not a glob for names", glob)
		}
	}
}

// included complains of an include that matches nothing at all.
func (v *faults) included(globs []string) {
	if len(globs) == 0 {
		v.add("include", `leave it out, or write include = ["*"]`, "include is empty, so that nothing matches")
	}
}

func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, name)
		return err == nil && ok
	})
}
