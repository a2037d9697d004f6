//go:build !linux

package control

import "context"

// awaitHandle has no handle.
func awaitHandle(int) func(context.Context) error { return nil }
