// Package http delivers each file as the body of an HTTP request.
package http

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Settings are those of a deliver "http" block.
//
// A request carries the file as it is, with its length, and the headers Idempotency-Key (the same in every attempt and unlike
// that of any other file: a server that has seen it before has the file already), Peakd-Queue, Peakd-Name and
// Peakd-Attempt. In the key and the name, every byte that is not a printable ASCII character, and "%", is written as "%" and
// two hexadecimal digits. Content-Type is application/octet-stream unless headers has another.
//
// The status decides; a code stands before its class. One that is in no list is permanent. A Retry-After is
// honoured. A server that cannot be reached trips the queue; one that ends the connection or takes too long
// after it was reached has the file tried again, as that could be the file's doing.
//
// Redirects are followed only with method and body unchanged (307, 308), and never to another scheme, host or port.
// The proxy is that of HTTPS_PROXY, HTTP_PROXY and NO_PROXY in peakd's own environment.
type Settings struct {
	URL         string            `hcl:"url,required" doc:"where the files go: http:// or https://"`
	Method      string            `hcl:"method" doc:"the method of the request" enum:"POST|PUT|PATCH"`
	Headers     map[string]string `hcl:"headers" doc:"headers of the request"`
	BearerToken string            `hcl:"bearer_token,sensitive" doc:"a token for the Authorization header"`
	Username    string            `hcl:"username" doc:"for basic authentication"`
	Password    string            `hcl:"password,sensitive" doc:"for basic authentication"`
	CAFile      config.Path       `hcl:"ca_file" doc:"certificates, in PEM, of those who may vouch for the server" default:"the host's"`
	Timeout     time.Duration     `hcl:"timeout" doc:"how long a request may take, from connecting to the last byte of the answer"`
	DoneStatus  []string          `hcl:"done_status" doc:"answers to a file that is delivered: codes, or classes such as \"2xx\""`
	RetryStatus []string          `hcl:"retry_status" doc:"answers to a file that is to be tried again"`
	TripStatus  []string          `hcl:"trip_status" doc:"answers that tell that the destination or the configuration is bad, not the file; the attempt does not count"`
}

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{
		Method: "POST", Timeout: time.Minute,
		DoneStatus:  []string{"2xx"},
		RetryStatus: []string{"408", "425", "429", "5xx"},
		TripStatus:  []string{"3xx", "401", "407"},
	}
}

// Validate tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var f program.Faults
	s.checkTarget(&f)
	s.checkHeaders(&f)
	s.checkSecrets(&f)
	s.checkStatus(&f)
	if s.Timeout <= 0 {
		f.Add("timeout", `write "1m"`, "a request needs some time")
	}
	return f
}

func (s *Settings) checkTarget(f *program.Faults) {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		f.Add("url", `write "https://host/path"`, "this is no URL of a web server")
	case u.User != nil:
		f.Add("url", "use username and password, which are kept secret", "the URL has credentials in it")
	}
	if !isToken(s.Method) {
		f.Add("method", `leave it out for "POST"`, "%q is no method", s.Method)
	}
}

func (s *Settings) checkHeaders(f *program.Faults) {
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		switch {
		case !isToken(name):
			f.Add("headers", "", "%q cannot be the name of a header", name)
		case slices.Contains(ownHeaders(), strings.ToLower(name)):
			f.Add("headers", "", "peakd sets %s itself", name)
		case strings.EqualFold(name, "Authorization") && (s.BearerToken != "" || s.Username != ""):
			f.Add("headers", "take one of them out", "there is another authorization")
		case strings.ContainsFunc(s.Headers[name], func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			f.Add("headers", "", "the value of %s contains a control character", name)
		}
	}
}

// ownHeaders cannot be configured.
func ownHeaders() []string {
	return []string{
		"idempotency-key", "peakd-queue", "peakd-name", "peakd-attempt", "content-length", "transfer-encoding", "host", "connection",
	}
}

func (s *Settings) checkSecrets(f *program.Faults) {
	switch {
	case s.BearerToken != "" && s.Username != "":
		f.Add("bearer_token", "take one of them out", "bearer_token and username exclude each other")
	case s.Password != "" && s.Username == "":
		f.Add("username", "", "a password without a username")
	case strings.ContainsAny(s.BearerToken, "\r\n\x00") || strings.TrimSpace(s.BearerToken) != s.BearerToken:
		f.Add("bearer_token", "", "the token contains white space at its ends, or a control character")
	case strings.Contains(s.Username, ":"):
		f.Add("username", "", "a username cannot contain a colon")
	}
}

func (s *Settings) checkStatus(f *program.Faults) {
	if len(s.DoneStatus) == 0 {
		f.Add("done_status", `leave it out for ["2xx"]`, "without an answer that means success no file would ever be done")
	}
	seen := make(map[string]string)
	check := func(field string, list []string) {
		for _, status := range list {
			if !isStatus(status) {
				f.Add(field, `write "503" or "5xx"`, "%q is no status", status)
			}
			if before := seen[status]; before != "" && before != field {
				f.Add(field, "take it out of one of them", "%s stands in %s too", status, before)
			}
			seen[status] = field
		}
	}
	check("done_status", s.DoneStatus)
	check("retry_status", s.RetryStatus)
	check("trip_status", s.TripStatus)
}

func isStatus(text string) bool {
	class := len(text) == 3 && text[0] >= '2' && text[0] <= '5' && text[1:] == "xx"
	code, err := strconv.Atoi(text)
	return class || err == nil && code >= 200 && code <= 599
}

// isToken tells whether a text is a token of RFC 9110, section 5.6.2.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// SetDefaults sets what a configuration leaves out.
func (s *Settings) SetDefaults() { *s = Defaults() }
