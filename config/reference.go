package config

import (
	_ "embed"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// referenceText is the reference but for what the types say: {{NAME}} stands for it.
//
//go:embed reference.md
var referenceText string

// WriteReference writes the reference of the configuration in Markdown: every block, setting and function. The
// pages of the types are expected at types/NAME.md beside it.
func WriteReference(w io.Writer, r *Registry) error {
	page := strings.NewReplacer(
		"{{app}}", attributeTables(AppAttributes(), "###"),
		"{{common}}", attributeTables(CommonAttributes(), "###"),
		"{{assume}}", attributeTables(describe(reflect.TypeFor[Assumption](), reflect.ValueOf(Assumption{})), "###"),
		"{{functions}}", functionTables(),
		"{{types}}", TypeTable(r, "types/"),
	).Replace(referenceText)
	if _, err := io.WriteString(w, page); err != nil {
		return fmt.Errorf("write reference: %w", err)
	}
	return nil
}

// generated tells people where to change a page.
const generated = "<!-- Generated from the type itself. -->"

// WriteTypeReference writes the page of a daemon type in Markdown: its description, and its attributes.
func WriteTypeReference(w io.Writer, t Type) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n%s\n\n## Attributes\n\n", t.Name(), generated, strings.TrimSpace(t.Doc()))
	if own := t.Attributes(); len(own) > 0 {
		b.WriteString(attributeTables(own, "###") + "\nAnd those")
	} else {
		b.WriteString("Those")
	}
	b.WriteString(" that [every daemon](../configuration.md#every-daemon) has.\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write reference of %s: %w", t.Name(), err)
	}
	return nil
}

// TypeTable is a table of the types of a registry in Markdown, with links to their pages in a folder.
func TypeTable(r *Registry, folder string) string {
	var b strings.Builder
	b.WriteString("| type | what it does |\n|---|---|\n")
	for _, t := range r.Types() {
		fmt.Fprintf(&b, "| [`%s`](%s%s.md) | %s |\n", t.Name(), folder, t.Name(), cell(t.Summary()))
	}
	return b.String()
}

// attributeTables is a table of attributes, followed by one under a heading for each block among them.
func attributeTables(all []Attribute, heading string) string {
	var b, blocks strings.Builder
	b.WriteString("| attribute | type | default | meaning |\n|---|---|---|---|\n")
	for _, a := range all {
		b.WriteString(attributeRow(a))
		if len(a.Attributes) > 0 {
			fmt.Fprintf(&blocks, "\n%s The block `%s`\n\n%s", heading, header(a), attributeTables(a.Attributes, heading+"#"))
		}
	}
	return b.String() + blocks.String()
}

// header is how a block is begun.
func header(a Attribute) string {
	text := a.Name
	for _, l := range a.Labels {
		text += ` "` + strings.ToUpper(l.Name) + `"`
	}
	return text
}

// widestDefault is what fits the column of defaults; longer ones follow the meaning.
const widestDefault = 34

func attributeRow(a Attribute) string {
	name, kind, meaning := "`"+a.Name+"`", a.Type, cell(a.Doc)
	if a.IsBlock() {
		name = "`" + header(a) + " {}`"
	}
	if a.Repeated {
		kind += ", repeatable"
	}
	if len(a.Enum) > 0 {
		meaning += "; one of " + codes(a.Enum)
	}
	for _, l := range a.Labels {
		meaning += "; " + strings.ToUpper(l.Name) + ": " + cell(l.Doc)
		if len(l.Enum) > 0 {
			meaning += ", one of " + codes(l.Enum)
		}
	}
	if a.Sensitive {
		meaning += "; it is never shown"
	}
	fallback := defaultCell(a)
	if len(fallback) > widestDefault {
		meaning += "; by default " + fallback
		fallback = "see there"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", name, kind, fallback, meaning)
}

func defaultCell(a Attribute) string {
	switch {
	case a.Required:
		return "required"
	case a.Default == "":
		return ""
	case isValue(a.Default):
		return "`" + strings.ReplaceAll(a.Default, "|", `\|`) + "`"
	}
	return cell(a.Default)
}

// isValue tells a default that can be written from one in words.
func isValue(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil || text == "true" || text == "false" || strings.ContainsAny(text[:1], `"[{`)
}

func codes(words []string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = "`" + w + "`"
	}
	return strings.Join(all, ", ")
}

// cell is a text as a cell of a table, in which nothing but what is in backquotes means more than it says.
func cell(text string) string {
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.NewReplacer("*", `\*`, "<", "&lt;").Replace(parts[i])
	}
	return strings.Join(parts, "`")
}

func functionTables() string {
	var b strings.Builder
	for _, g := range functionDocs() {
		fmt.Fprintf(&b, "\n### %s\n\n", g.title)
		examples := g.functions[0].example != ""
		if examples {
			b.WriteString("| function | gives | example | result |\n|---|---|---|---|\n")
		} else {
			b.WriteString("| function | gives |\n|---|---|\n")
		}
		for _, f := range g.functions {
			fmt.Fprintf(&b, "| `%s` | %s |", f.call, cell(f.sentence))
			if examples {
				fmt.Fprintf(&b, " `%s` | `%s` |", f.example, f.result)
			}
			b.WriteString("\n")
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}
