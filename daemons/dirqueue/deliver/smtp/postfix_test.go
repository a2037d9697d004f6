package smtp_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/smtp"
)

// postfix is Debian's mail server, with a configuration, a spool and mailboxes of its own.
type postfix struct {
	addr, dir string
	ca        config.Path
}

// mainCF is its configuration: folder, certificate, key and the address of who knows the passwords.
const mainCF = `compatibility_level = 3.6
queue_directory = %[1]s/spool
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
myhostname = here.test
mydestination =
alias_maps =
local_header_rewrite_clients =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = test
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = inline:{ {ann@test=ann/}, {bob@test=bob/}, {cat@test=cat/}, {dan@test=dan/}, {later@test=later/} }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_cert_file = %[2]s
smtpd_tls_key_file = %[3]s
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:%[4]s
smtpd_sender_restrictions = check_sender_access inline:{ {spammer@test = 550 5.7.1 no spam} }
smtpd_recipient_restrictions = reject_plaintext_session,
  check_recipient_access inline:{ {later@test = 451 4.2.0 not now} }, permit_sasl_authenticated, reject
`

const masterCF = `%s inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - n n - - proxymap
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
`

func startPostfix(t *testing.T) *postfix {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("Postfix needs root")
	}
	if _, err := osexec.LookPath("postfix"); err != nil {
		t.Skip("there is no Postfix; .ci/packages installs it")
	}
	dir, err := os.MkdirTemp("", "peakd-postfix-") // where its unprivileged processes can get to
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &postfix{dir: dir, addr: freePort(t)}
	p.configure(t)
	cmd := osexec.CommandContext(t.Context(), "postfix", "-c", filepath.Join(dir, "etc"), "start-fg")
	cmd.Cancel = func() error { // the context of the test has ended
		return osexec.CommandContext(context.WithoutCancel(t.Context()), "postfix", "-c", filepath.Join(dir, "etc"), "stop").Run()
	}
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // joined by the cleanup
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() { <-ended })
	p.await(t, ended)
	return p
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (p *postfix) configure(t *testing.T) {
	t.Helper()
	_, cert, key := certificate(t)
	p.ca = cert
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	for _, folder := range []struct {
		name string
		uid  int
	}{{"", 0}, {"etc", 0}, {"spool", 0}, {"data", uid}, {"mail", 65534}} {
		path := filepath.Join(p.dir, folder.name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o755); err != nil { // whatever the umask
			t.Fatal(err)
		}
		if err := os.Chown(path, folder.uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"main.cf":   fmt.Sprintf(mainCF, p.dir, cert, key, passwords(t)),
		"master.cf": fmt.Sprintf(masterCF, p.addr),
	} {
		if err := os.WriteFile(filepath.Join(p.dir, "etc", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := osexec.CommandContext(t.Context(), "postfix", "-c", filepath.Join(p.dir, "etc"), "check") // makes its folders
	if out, err := check.CombinedOutput(); err != nil {
		t.Fatalf("postfix check: %v\n%s", err, out)
	}
}

// passwords knows who may send: "me" with "secret pass". It speaks to Postfix as Dovecot does.
func passwords(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	good := "resp=" + base64.StdEncoding.EncodeToString([]byte("\x00me\x00secret pass"))
	go func() { // ends with the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // ends when Postfix does
				defer conn.Close()
				_, _ = fmt.Fprint(conn, "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tx\nDONE\n")
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					words := strings.Split(lines.Text(), "\t")
					if words[0] != "AUTH" {
						continue
					}
					answer := "FAIL\t" + words[1] + "\tuser=me\n"
					if slices.Contains(words, good) {
						answer = "OK\t" + words[1] + "\tuser=me\n"
					}
					_, _ = fmt.Fprint(conn, answer)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func (p *postfix) log() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "log")) // for people
	return string(text)
}

// await waits until it listens.
func (p *postfix) await(t *testing.T, ended <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("Postfix ended:\n%s", p.log())
		case <-ctx.Done():
			t.Fatalf("Postfix does not listen: %v\n%s", err, p.log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// mails are those in the mailbox of a name, once there are n of them.
func (p *postfix) mails(t *testing.T, name string, n int) []string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		paths, err := filepath.Glob(filepath.Join(p.dir, "mail", name, "new", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) < n && time.Now().Before(deadline) {
			continue
		}
		var texts []string
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
		if len(texts) != n {
			t.Fatalf("%s has %d mails, want %d\n%s", name, len(texts), n, p.log())
		}
		return texts
	}
}

// TestPostfix delivers to a real mail server, with STARTTLS and authentication, all over one connection.
func TestPostfix(t *testing.T) {
	t.Parallel()
	p := startPostfix(t)
	d := to(t, p.addr, func(s *smtp.Settings) {
		s.CAFile, s.Username, s.Password = p.ca, "me", "secret pass"
	}, deliver.Env{})
	body := ".\n..leading\n\nümläut \xff\x80\n" + strings.Repeat("0123456789 ", 80) + "\n.\nend"
	jobs := letters(t,
		letter(body, "ann", "bob"),
		letter("x", "later"),
		letter("x", "cat", "later", "stranger"),
		"From: spammer@test\nTo: ann@test\n\nx\n",
		"no mail at all\n",
		"Return-Path: <>\nFrom: me@test\nTo: ann@test\nBcc: dan@test\nSubject: to dan\n\nhidden\n",
	)
	results := delivertest.Deliver(t.Context(), t, d, jobs)
	if got := delivertest.Verdicts(results); got != "done retry retry permanent permanent done" {
		t.Fatalf("got %s: %+v\n%s", got, results, p.log())
	}
	for i, want := range map[int]string{1: "<later@test>: 451 4.2.0 ", 2: "<later@test>: 451 4.2.0 ", 3: "<ann@test>: 550 5.7.1 "} {
		if !strings.HasPrefix(results[i].Reason, want) {
			t.Errorf("reason %q, want %q", results[i].Reason, want)
		}
	}
	if want := "<stranger@test>: 550 5.1.1 "; !strings.Contains(string(results[2].Detail), want) {
		t.Errorf("detail %q, want %q", results[2].Detail, want)
	}
	want := "From: me@test\nTo: ann@test, bob@test\nSubject: hello\n\n" + body + "\n"
	for name, n := range map[string]int{"ann": 2, "bob": 1} {
		texts := p.mails(t, name, n)
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.HasSuffix(text, want) && hasNew(text, want) }) {
			t.Errorf("%s has %q, want %q at the end", name, texts, want)
		}
	}
	if text := p.mails(t, "dan", 1)[0]; strings.Contains(text, "Bcc") || !strings.HasPrefix(text, "Return-Path: <>\n") ||
		!strings.HasSuffix(text, "From: me@test\nTo: ann@test\nSubject: to dan\n\nhidden\n") {
		t.Errorf("dan has %q", text)
	}
	if n := strings.Count(p.log(), "]: connect from"); n > 2 { // one is that of await
		t.Errorf("%d connections, want 1\n%s", n-1, p.log())
	}
	if r := delivertest.Deliver(t.Context(), t, d, again(jobs[2:3]))[0]; r.Verdict != deliver.Retry {
		t.Errorf("second attempt: %+v", r)
	}
	p.mails(t, "cat", 1)
	wrong := to(t, p.addr, func(s *smtp.Settings) { s.CAFile, s.Username, s.Password = p.ca, "me", "guess" }, deliver.Env{})
	if r := delivertest.Deliver(t.Context(), t, wrong, jobs[:1])[0]; r.Verdict != deliver.Trip || !strings.Contains(r.Reason, "535") {
		t.Errorf("with a wrong password: %+v", r)
	}
}

// hasNew tells whether all that the server added stands in front.
func hasNew(text, want string) bool {
	added, found := strings.CutSuffix(text, want)
	return found && strings.HasPrefix(added, "Return-Path: ") && !strings.Contains(added, "\n\n")
}
