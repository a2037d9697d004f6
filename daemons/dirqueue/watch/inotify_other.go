//go:build !linux

package watch

// instance does not exist here.
type instance struct{}

func open(*Shared) (*instance, error) { return nil, ErrUnsupported }

func (*instance) add(int, Mask) (int32, error) { return 0, ErrUnsupported }

func (*instance) remove(int32) {}

func (*instance) close() {}
