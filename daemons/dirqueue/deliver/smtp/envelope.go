package smtp

import (
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"
)

// envelope is who a mail is from, and whom it goes to, in the form that SMTP has for addresses.
type envelope struct {
	from string // may be empty
	to   []string
}

// envelope takes it from the settings, else from the message.
func (s *Settings) envelope(m *message) (e envelope, err error) {
	if e.from, err = s.sender(m); err != nil {
		return envelope{}, err
	}
	if e.to, err = s.recipients(m); err != nil {
		return envelope{}, err
	}
	if len(e.to) == 0 {
		return envelope{}, malformed("the mail has no recipient: no address in To, Cc or Bcc")
	}
	return e, nil
}

func (s *Settings) sender(m *message) (string, error) {
	if s.From != "" {
		return reversePath("from", s.From)
	}
	resent := m.resent()
	group := m.resentGroup()
	for _, name := range []string{"return-path", "resent-sender", "resent-from", "sender", "from"} {
		fields := m.fields
		switch {
		case name == "return-path":
			fields = m.fields[:resent]
		case strings.HasPrefix(name, "resent-"):
			fields = group
		}
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if at < 0 {
			continue
		}
		if name == "return-path" {
			return reversePath(name, fields[at].value)
		}
		addresses, err := parse(name, fields[at].value)
		if err != nil || len(addresses) > 0 {
			return first(addresses), err
		}
	}
	return "", malformed("the mail has no sender: no address in Return-Path, Sender or From")
}

func first(addresses []string) string {
	if len(addresses) == 0 {
		return ""
	}
	return addresses[0]
}

func reversePath(name, value string) (string, error) {
	if strings.TrimSpace(value) == "<>" {
		return "", nil
	}
	addresses, err := parse(name, value)
	if err == nil && len(addresses) != 1 {
		err = malformed("the field %s has %d addresses, not one", name, len(addresses))
	}
	return first(addresses), err
}

func (s *Settings) recipients(m *message) (to []string, err error) {
	if len(s.To) > 0 {
		for _, text := range s.To {
			if to, err = add(to, "to", text); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	fields, prefix := m.fields, ""
	if group := m.resentGroup(); len(group) > 0 {
		fields, prefix = group, "resent-"
	}
	for _, f := range fields {
		switch strings.TrimPrefix(f.name, prefix) {
		case "to", "cc", "bcc":
			if to, err = add(to, f.name, f.value); err != nil {
				return nil, err
			}
		}
	}
	return to, nil
}

func add(to []string, name, value string) ([]string, error) {
	addresses, err := parse(name, value)
	for _, address := range addresses {
		if !slices.Contains(to, address) {
			to = append(to, address)
		}
	}
	return to, err
}

// resent is where the topmost group of Resent-fields begins, or the number of fields.
func (m *message) resent() int {
	at := slices.IndexFunc(m.fields, func(f field) bool { return strings.HasPrefix(f.name, "resent-") })
	if at < 0 {
		return len(m.fields)
	}
	return at
}

// resentGroup is that group; RFC 5322, section 3.6.6, keeps groups together, the latest first.
func (m *message) resentGroup() []field {
	group := m.fields[m.resent():]
	end := slices.IndexFunc(group, func(f field) bool { return !strings.HasPrefix(f.name, "resent-") })
	if end >= 0 {
		group = group[:end]
	}
	return group
}

// parse reads the addresses of a field. Names of people may be in any encoding; they do not matter.
func parse(name, value string) ([]string, error) {
	value = strings.TrimSpace(strings.ToValidUTF8(value, string(utf8.RuneError)))
	if value == "" {
		return nil, nil
	}
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{
		CharsetReader: func(_ string, in io.Reader) (io.Reader, error) { return in, nil },
	}}
	list, err := parser.ParseList(value)
	if err != nil {
		if isEmptyGroup(value) {
			return nil, nil
		}
		return nil, malformed("the field %s cannot be read: %s", name, err)
	}
	addresses := make([]string, len(list))
	for i, address := range list {
		text := (&mail.Address{Address: address.Address}).String() // quotes what must be
		addresses[i] = strings.TrimSuffix(strings.TrimPrefix(text, "<"), ">")
		if strings.ContainsFunc(addresses[i], func(r rune) bool { return r == utf8.RuneError || r < ' ' || r == 0x7f }) {
			return nil, malformed("the field %s has an address with a character that no address can have", name)
		}
	}
	return addresses, nil
}

// isEmptyGroup tells whether it is "undisclosed-recipients:;" or the like.
func isEmptyGroup(value string) bool {
	_, rest, found := strings.Cut(value, ":")
	return found && strings.Trim(rest, " \t,") == ";"
}

// isASCII tells whether all addresses are, so that every server can be told.
func (e *envelope) isASCII() bool {
	for _, text := range append([]string{e.from}, e.to...) {
		if strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
			return false
		}
	}
	return true
}
