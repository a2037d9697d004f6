package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// attribute is where a file carries who has it already. An attribute goes where the file goes, through every rename and
// restart, and is gone with it.
const attribute = "user.peakd.smtp"

// memory is who has a file already.
type memory struct {
	file  *os.File
	known [][]byte // of each a digest
	early int      // how many of them are from earlier attempts
}

const (
	memoryVersion = 1
	digestBytes   = 8
	memoryBytes   = 64 << 10 // what Linux allows an attribute
)

func digest(address string) []byte {
	sum := sha256.Sum256([]byte(address))
	return sum[:digestBytes]
}

// remembered reads what a file carries.
func remembered(file *os.File) (*memory, error) {
	m := &memory{file: file}
	value := make([]byte, memoryBytes)
	n := 0
	err := control(file, func(fd int) (err error) {
		n, err = unix.Fgetxattr(fd, attribute, value)
		return err
	})
	switch {
	case errors.Is(err, noAttribute) || errors.Is(err, unix.ENOTSUP):
		return m, nil
	case err != nil:
		return nil, fmt.Errorf("read attribute %s: %w", attribute, err)
	}
	return m, m.decode(value[:n])
}

// decode reads the version, the number of those who have it, and the digests of these first; behind are those of an attempt whose
// end nobody saw.
func (m *memory) decode(value []byte) error {
	if len(value) < 3 || value[0] != memoryVersion {
		return fmt.Errorf("read attribute %s: it is not of this version", attribute)
	}
	have := int(binary.BigEndian.Uint16(value[1:3]))
	value = value[3:]
	if len(value) < have*digestBytes {
		return fmt.Errorf("read attribute %s: it is cut", attribute)
	}
	for i := range have {
		m.known = append(m.known, value[i*digestBytes:(i+1)*digestBytes])
	}
	m.early = have
	return nil
}

// has tells whether the address has the mail.
func (m *memory) has(address string) bool { return contains(m.known, address) }

// had tells whether it had it before this attempt.
func (m *memory) had(address string) bool { return contains(m.known[:m.early], address) }

func contains(digests [][]byte, address string) bool {
	d := digest(address)
	return slices.ContainsFunc(digests, func(known []byte) bool { return bytes.Equal(d, known) })
}

// expect makes room for the addresses, which may soon have the mail: an error means that they could not be remembered.
func (m *memory) expect(addresses []string) error { return m.write(len(m.known), addresses) }

// remember notes that they have it. It is on the disk when it returns.
func (m *memory) remember(addresses []string) error {
	if err := m.write(len(m.known)+len(addresses), addresses); err != nil {
		return err
	}
	for _, address := range addresses {
		m.known = append(m.known, digest(address))
	}
	if err := m.file.Sync(); err != nil {
		return fmt.Errorf("sync attribute %s: %w", attribute, err)
	}
	return nil
}

func (m *memory) write(have int, addresses []string) error {
	if have > 1<<16-1 {
		return fmt.Errorf("write attribute %s: %d are too many", attribute, have)
	}
	value := binary.BigEndian.AppendUint16([]byte{memoryVersion}, uint16(have))
	for _, known := range m.known {
		value = append(value, known...)
	}
	for _, address := range addresses {
		value = append(value, digest(address)...)
	}
	err := control(m.file, func(fd int) error { return unix.Fsetxattr(fd, attribute, value, 0) })
	if err != nil {
		return fmt.Errorf("write attribute %s: %w", attribute, err)
	}
	return nil
}

// control uses the descriptor of a file, without a change of its mode.
func control(file *os.File, use func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var used error
	if err := raw.Control(func(fd uintptr) { used = use(int(fd)) }); err != nil {
		return err
	}
	return used
}
