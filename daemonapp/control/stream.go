package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
)

func (s *Server) getEvents(r *request) (any, error) {
	query := r.URL.Query()
	wanted := names(query["daemon"])
	if err := s.follows(wanted); err != nil {
		return nil, err
	}
	bits, err := kindsOf(query["event"])
	if err != nil {
		return nil, err
	}
	reader := &eventReader{buffer: newBuffer[happening](eventBuffer, 0), kinds: bits, names: wanted}
	defer follow(s.options.Feed, &s.options.Feed.streams, reader)()
	return nil, stream(s, r, reader.buffer, word, func(h *happening) (Event, bool) {
		if len(wanted) > 0 && (h.Daemon == "" || !wanted.match(h.Daemon)) {
			return Event{}, false
		}
		return h.encode(s.options.Mask), true
	})
}

func (s *Server) getLines(r *request) (any, error) {
	wanted := names(r.URL.Query()["daemon"])
	if err := s.follows(wanted); err != nil {
		return nil, err
	}
	reader := &lineReader{buffer: newBuffer[daemonapp.Line](lineBuffer, lineBufferBytes), names: wanted}
	defer follow(s.options.Feed, &s.options.Feed.tails, reader)()
	return nil, stream(s, r, reader.buffer, lineWord, func(l *daemonapp.Line) (Line, bool) { return lineOf(l), true })
}

// follows checks that there is somebody of each of these names. A glob may be of those who are still to come.
func (s *Server) follows(wanted names) error {
	if err := wanted.check(); err != nil {
		return err
	}
	for _, name := range wanted {
		if isGlob(name) {
			continue
		}
		if _, err := (&Choice{Names: []string{name}}).among(s.options.App.Status()); err != nil {
			return err
		}
	}
	return nil
}

// stream sends what comes into the buffer until the client goes away or the server ends. What it sends itself it makes by
// word; encode tells, too, whether the client wants it.
func stream[R, T any](s *Server, r *request, b *buffer[R], word func(string, time.Time, int64, string) T, encode func(*R) (T, bool)) error {
	if err := r.unhurried(); err != nil {
		return err
	}
	out := newStreamWriter(s, r)
	out.flush()
	var batch ring[R]
	for ended := false; !ended && !out.gone(); {
		var alive bool
		alive, ended = s.pause(r, b.news)
		if dropped := b.take(&batch); dropped > 0 {
			out.put(WordDropped, word(WordDropped, s.options.Clock.Now(), dropped, "too slow"))
		}
		batch.each(func(v *R) {
			if told, wanted := encode(v); wanted {
				out.put("", told)
			}
		})
		batch.clear() // what they hold must not be held until the next
		switch {
		case ended:
			out.put(WordEnd, word(WordEnd, s.options.Clock.Now(), 0, "the app ends"))
		case alive:
			out.put(WordAlive, word(WordAlive, s.options.Clock.Now(), 0, ""))
		}
		out.flush()
	}
	return nil
}

// pause waits for news, for the time of a heartbeat, or for the end.
func (s *Server) pause(r *request, news <-chan struct{}) (alive, ended bool) {
	timer := s.options.Clock.Timer(heartbeat)
	defer timer.Stop()
	select {
	case <-news:
	case <-timer.C:
		alive = true
	case <-r.Context().Done():
	case <-s.closing:
		ended = true
	}
	return alive, ended
}

// streamWriter writes values as lines of JSON, or as events for an EventSource if the client accepts these.
type streamWriter struct {
	s    *Server
	r    *request
	sse  bool
	text bytes.Buffer
	json *json.Encoder
	err  error
}

func newStreamWriter(s *Server, r *request) *streamWriter {
	w := &streamWriter{s: s, r: r, sse: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	w.json = json.NewEncoder(&w.text)
	w.json.SetEscapeHTML(false)
	kind := "application/x-ndjson"
	if w.sse {
		kind = "text/event-stream"
	}
	r.w.Header().Set("Content-Type", kind)
	r.w.Header().Set("Cache-Control", "no-store")
	r.w.WriteHeader(http.StatusOK)
	return w
}

// chunk is how much is written at once.
const chunk = 16 << 10

// put adds a value; word is empty for what comes from the app.
func (w *streamWriter) put(word string, v any) {
	if w.err != nil {
		return
	}
	if w.sse {
		if word != "" {
			fmt.Fprintf(&w.text, "event: %s\n", word)
		}
		w.text.WriteString("data: ")
	}
	if w.err = w.json.Encode(v); w.err != nil {
		return
	}
	if w.sse {
		w.text.WriteByte('\n')
	}
	if w.text.Len() >= chunk {
		w.write()
	}
}

func (w *streamWriter) write() {
	if w.err != nil || w.text.Len() == 0 {
		return
	}
	_ = w.r.rc.SetWriteDeadline(w.s.options.Clock.Now().Add(stallTime))
	_, w.err = w.r.w.Write(w.text.Bytes())
	w.text.Reset()
}

// flush sends what there is.
func (w *streamWriter) flush() {
	w.write()
	if w.err == nil {
		w.err = w.r.rc.Flush()
	}
}

// gone tells whether the client takes nothing any more.
func (w *streamWriter) gone() bool { return w.err != nil || w.r.Context().Err() != nil }
