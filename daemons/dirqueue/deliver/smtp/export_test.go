package smtp

import (
	"bytes"
	"os"
)

// Attribute is what a file carries.
const Attribute = attribute

// Sent is what of a file would be sent, and the size that the server is told.
func Sent(file []byte) (sent []byte, size int64, err error) {
	m, err := readMessage(bytes.NewReader(file))
	if err != nil {
		return nil, 0, err
	}
	for _, part := range m.sends {
		sent = append(sent, file[part.from:part.to]...)
	}
	_, _ = (&Settings{}).envelope(m) // must not panic
	return sent, m.size, nil
}

// Remember notes addresses with a file.
func Remember(file *os.File, addresses ...string) error {
	m, err := remembered(file)
	if err != nil {
		return err
	}
	return m.remember(addresses)
}
