package config

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// explain tells what HCL found wrong in a file, in our words.
func (r *reader) explain(diags hcl.Diagnostics, src *source) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			summary, hints := r.sentence(d, src)
			r.c.errorf(subjectOf(d, src), hints, "%s", summary)
		}
	}
}

// explainExpr is explain for a failed evaluation. HCL's sentences about these may show values, so nothing is said
// of an expression that could show a sensitive one.
func (r *reader) explainExpr(diags hcl.Diagnostics, expr hcl.Expression, sc *scope) {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		if own := (&callError{}); !errors.As(callFailure(d), &own) && handlesSecrets(d, expr, sc) {
			r.c.errorf(subjectOf(d, sc.src), []string{"the reason is not told, because it may show a sensitive value"},
				"this expression cannot be evaluated")
			continue
		}
		summary, hints := r.sentence(d, sc.src)
		if summary == lowerFirst(d.Summary) { // the title of a detail that says more
			detail, rest, _ := strings.Cut(strings.TrimSuffix(d.Detail, "."), ". ")
			summary, hints = lowerFirst(detail), append(shellHint(d, sc.src), lowerFirst(rest))
		}
		r.c.errorf(subjectOf(d, sc.src), hints, "%s", summary)
	}
}

// handlesSecrets tells whether a failed expression, or the part of it that failed, has to do with something
// sensitive.
func handlesSecrets(d *hcl.Diagnostic, expr hcl.Expression, sc *scope) bool {
	ctx := sc.ctx
	if d.Expression != nil && d.EvalContext != nil {
		expr, ctx = d.Expression, d.EvalContext
	}
	if callsSecret(sc.src.spanOf(expr.Range()).text()) {
		return true
	}
	for _, t := range expr.Variables() {
		v, ok := (&scope{ctx: ctx}).lookup(t.RootName())
		if !ok || !v.ContainsMarked() {
			continue
		}
		if part, diags := t.TraverseAbs(ctx); diags.HasErrors() || part.ContainsMarked() {
			return true
		}
	}
	return false
}

func subjectOf(d *hcl.Diagnostic, src *source) span {
	if d.Subject == nil {
		return src.span(0, 0)
	}
	return src.spanOf(*d.Subject)
}

// callError is an error of one of our own functions. It tells no values, and may hold a way out.
type callError struct {
	message string
	hint    string
	err     error
}

// Error implements error.
func (e *callError) Error() string {
	if e.err != nil {
		return e.message + ": " + e.err.Error()
	}
	return e.message
}

// Unwrap gives the cause.
func (e *callError) Unwrap() error { return e.err }

// callFailure is the error that a function returned, if that is what the diagnostic is about.
func callFailure(d *hcl.Diagnostic) error {
	if extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok {
		return extra.FunctionCallError()
	}
	return nil
}

// sentence is a diagnostic of HCL as a sentence and ways out.
func (r *reader) sentence(d *hcl.Diagnostic, src *source) (string, []string) {
	shell := shellHint(d, src)
	word := subjectOf(d, src).text()
	switch d.Summary {
	case "Unknown variable":
		hints := append(shell, r.meant(word))
		if len(shell) == 0 {
			hints = append(hints, `a text stands in quotes: "`+word+`"`)
		}
		return `there is no value called "` + word + `"`, hints
	case "Call to unknown function":
		return `there is no function called "` + word + `"`, append(shell, didYouMean(word, functionNames()))
	case "Error in function call":
		return callSentence(d)
	case "Invalid escape sequence":
		return word + " is no escape sequence", []string{backslashHint}
	case "Extra characters after interpolation expression", "Unclosed template interpolation sequence":
		return "this ${ starts an expression, and it is none", []string{dollarHint}
	case "Invalid template control keyword", "Invalid template directive":
		return "this %{ starts a directive of a template, and it is none", []string{percentHint}
	case "Attribute redefined", "Duplicate argument", "Duplicate attribute definition":
		return word + " is given twice", nil
	}
	return lowerFirst(d.Summary), append(shell, strings.TrimSuffix(lowerFirst(d.Detail), "."))
}

// meant is a variable or local value of a name that was written without its prefix.
func (r *reader) meant(name string) string {
	for _, known := range []struct {
		prefix string
		names  func() []string
	}{{"var.", r.w.varNames}, {"local.", r.w.localNames}} {
		for _, n := range known.names() {
			if n == name {
				return "did you mean " + known.prefix + name + "?"
			}
		}
	}
	return ""
}

func callSentence(d *hcl.Diagnostic) (string, []string) {
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok || extra.FunctionCallError() == nil {
		return lowerFirst(strings.TrimSuffix(d.Detail, ".")), nil
	}
	var hints []string
	if own := (&callError{}); errors.As(extra.FunctionCallError(), &own) {
		hints = append(hints, own.hint)
	}
	return extra.CalledFunctionName() + "(): " + extra.FunctionCallError().Error(), hints
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	r, size := utf8.DecodeRuneInString(s)
	if next, _ := utf8.DecodeRuneInString(s[size:]); unicode.IsUpper(next) {
		return s // an abbreviation
	}
	return string(unicode.ToLower(r)) + s[size:]
}

// The ways out of the three places where shell text meets the syntax of strings.
const (
	dollarHint    = "for the shell's own ${...} write $${...}, or keep the script in a file and use file()"
	percentHint   = "for a plain %{ write %%{, or keep the script in a file and use file()"
	backslashHint = `in a string a backslash is written \\; or keep the script in a file and use file()`
)

// shellHint is the way out if the diagnostic points into a ${ or %{ of a string.
func shellHint(d *hcl.Diagnostic, src *source) []string {
	at := subjectOf(d, src)
	if !at.ok() {
		return nil
	}
	text, start := src.text(src.line(int(at.start)))
	before := string(text[:min(int(at.end)-start, len(text))])
	open := max(strings.LastIndex(before, "${"), strings.LastIndex(before, "%{"))
	switch {
	case open < 0 || strings.Contains(before[open:min(len(before), max(int(at.start)-start, open))], "}"):
		return nil
	case before[open] == '$':
		return []string{dollarHint}
	}
	return []string{percentHint}
}
