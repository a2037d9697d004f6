package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
)

// page is the documentation of the API.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sections are the parts of the page by their headings of the third level.
func sections(text string) map[string]string {
	parts := regexp.MustCompile(`(?m)^#{2,3} `).Split(text, -1)
	all := map[string]string{}
	for _, part := range parts {
		head, body, _ := strings.Cut(part, "\n")
		all[head] = body
	}
	return all
}

// TestEveryRouteIsDocumented, with the types of what is asked and answered; and no other is.
func TestEveryRouteIsDocumented(t *testing.T) {
	t.Parallel()
	all := sections(page(t))
	known := map[string]bool{}
	for _, r := range control.Routes() {
		head := r.Method + " " + r.Path
		known[head] = true
		body, ok := all[head]
		if !ok {
			t.Errorf("%s is not documented", head)
			continue
		}
		for _, v := range []any{r.Request, r.Answer} {
			if v == nil || v == (control.NoRequest{}) || strings.HasPrefix(reflect.TypeOf(v).Name(), "Steered") {
				continue
			}
			if name := reflect.TypeOf(v).Name(); !strings.Contains(body, "["+name+"](#"+strings.ToLower(name)+")") {
				t.Errorf("%s does not tell of %s", head, name)
			}
		}
		for _, parameter := range r.Query {
			if !strings.Contains(body, "`"+parameter+"`") {
				t.Errorf("%s does not tell of the parameter %s", head, parameter)
			}
		}
		if r.Doc == "" {
			t.Errorf("%s does not say what it does", head)
		}
	}
	for head := range all {
		if regexp.MustCompile(`^(GET|POST) `).MatchString(head) && !known[head] {
			t.Errorf("there is no %s", head)
		}
	}
}

// TestEveryFieldIsDocumented, of every type that is asked or answered; and no other is.
func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	all := sections(page(t))
	types := map[string]reflect.Type{}
	collect(types, reflect.TypeFor[control.Error]())
	for _, r := range control.Routes() {
		for _, v := range []any{r.Request, r.Answer} {
			if v != nil {
				collect(types, reflect.TypeOf(v))
			}
		}
	}
	for name, typ := range types {
		body, ok := all[name]
		if !ok {
			t.Errorf("the type %s is not documented", name)
			continue
		}
		got, want := documented(body), fields(typ)
		slices.Sort(got)
		slices.Sort(want)
		sameList(t, "fields of "+name, got, want)
	}
}

// collect finds the types of our own that a type is made of.
func collect(types map[string]reflect.Type, typ reflect.Type) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || !strings.Contains(typ.PkgPath(), "/daemonapp/") || types[typ.Name()] != nil {
		return
	}
	types[typ.Name()] = typ
	for i := range typ.NumField() {
		collect(types, typ.Field(i).Type)
	}
}

// fields are a type's own, as JSON has them.
func fields(typ reflect.Type) []string {
	var names []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "-" && !f.Anonymous {
			names = append(names, name)
		}
	}
	return names
}

// documented are the fields in the first column of a table.
func documented(body string) []string {
	var names []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(body, -1) {
		for _, name := range strings.Split(row[1], ", ") {
			names = append(names, strings.Trim(name, "`"))
		}
	}
	return names
}

// TestEveryKindOfEventIsDocumented, and no other is.
func TestEveryKindOfEventIsDocumented(t *testing.T) {
	t.Parallel()
	got := documented(sections(page(t))["GET /v1/events"])
	var want []string
	for k := daemonapp.AppStarted; k.String() != "unknown"; k++ {
		want = append(want, k.String())
	}
	want = append(want, control.WordDropped, control.WordAlive, control.WordEnd)
	slices.Sort(got)
	slices.Sort(want)
	sameList(t, "kinds", got, want)
}

// example is a request in the page, and its answer.
type example struct {
	line               int
	method, path, body string
	code               int
	answer             map[string]any
}

func examples(t *testing.T, text string) []example {
	t.Helper()
	form := regexp.MustCompile("(?ms)^```http\n(GET|POST) (\\S+)\n(.*?)\n?^(\\d{3})\n(\\{.*?)^```$")
	var all []example
	for _, m := range form.FindAllStringSubmatchIndex(text, -1) {
		part := func(i int) string { return text[m[2*i]:m[2*i+1]] }
		e := example{line: strings.Count(text[:m[0]], "\n") + 1, method: part(1), path: part(2), body: part(3)}
		e.code, _ = strconv.Atoi(part(4))
		if err := json.Unmarshal([]byte(part(5)), &e.answer); err != nil {
			t.Fatalf("docs/api.md:%d: the answer: %v", e.line, err)
		}
		all = append(all, e)
	}
	if want := strings.Count(text, "```http\n"); len(all) != want {
		t.Fatalf("%d of %d examples are understood", len(all), want)
	}
	return all
}

// TestExamples runs every example of the page, in its order, against a server: what it shows is what is answered, but for
// times, numbers and names of runs.
func TestExamples(t *testing.T) {
	t.Parallel()
	tags := quick("backup-db", "nightly")
	s := serve(t, func(o *control.Options) {
		o.Reload = func(context.Context, string) (daemonapp.Change, error) {
			return daemonapp.Change{Added: []string{"report"}, Replaced: []string{"backup-db"}, Kept: 3}, nil
		}
	}, quick("partner-export"), tags, parent("mail-queues", "in"))
	s.ranOnce("partner-export", "backup-db", "mail-queues", "mail-queues/in")
	for _, e := range examples(t, page(t)) {
		var code int
		var answer string
		if strings.HasPrefix(e.path, "/v1/events") || strings.HasPrefix(e.path, "/v1/lines") {
			code, answer = s.firstLine(t, e.path)
		} else {
			code, answer = s.raw(e.method, e.path, e.body)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatalf("docs/api.md:%d: %q: %v", e.line, answer, err)
		}
		same(t, fmt.Sprintf("docs/api.md:%d: status", e.line), code, e.code)
		if fault := differs(e.answer, got); fault != "" {
			t.Errorf("docs/api.md:%d: %s\n%s", e.line, fault, answer)
		}
	}
}

// firstLine is the first of a stream, brought about once the stream is open.
func (s *served) firstLine(t *testing.T, path string) (int, string) {
	t.Helper()
	c, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: app\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.feed.Line(daemonapp.Line{Daemon: "backup-db", Run: 1, Stream: "out", Text: "dumping orders"})
	if err := s.app.Pause("partner-export", daemonapp.Pause{Who: "root", Why: "DB migration"}); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, line
}

// varies are the fields whose values are of the moment.
const varies = " at started pid version run next took "

// differs tells where an answer is not as an example shows it: it may have more.
func differs(shown, got any) string {
	switch shown := shown.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(shown)) {
			v, ok := g[key]
			if !ok {
				return key + " is not there"
			}
			if strings.Contains(varies, " "+key+" ") {
				if reflect.TypeOf(v) != reflect.TypeOf(shown[key]) {
					return fmt.Sprintf("%s is a %T", key, v)
				}
				continue
			}
			if fault := differs(shown[key], v); fault != "" {
				return key + ": " + fault
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) < len(shown) {
			return fmt.Sprintf("there are %d", len(g))
		}
		for i := range shown {
			if fault := differs(shown[i], g[i]); fault != "" {
				return fmt.Sprintf("%d: %s", i, fault)
			}
		}
	default:
		if shown != got {
			return fmt.Sprintf("got %v, it shows %v", got, shown)
		}
	}
	return ""
}

// TestAFalseExampleIsFound: the checks above would be worth nothing otherwise.
func TestAFalseExampleIsFound(t *testing.T) {
	t.Parallel()
	got := map[string]any{"a": "x", "at": "now", "list": []any{1.0}}
	for _, shown := range []map[string]any{{"b": 1}, {"a": "y"}, {"at": 3.0}, {"list": []any{2.0}}, {"list": []any{1.0, 2.0}}, {"a": map[string]any{"c": 1}}} {
		if differs(shown, got) == "" {
			t.Errorf("%v is not found to differ from %v", shown, got)
		}
	}
	if fault := differs(map[string]any{"a": "x", "at": "then"}, got); fault != "" {
		t.Error(fault)
	}
}
