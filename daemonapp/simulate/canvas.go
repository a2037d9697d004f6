package simulate

import (
	"encoding/xml"
	"strconv"
	"strings"
	"unicode/utf8"
)

// canvas writes SVG elements. Lengths are in pixels of the view box.
type canvas struct {
	out strings.Builder
}

// glyph is the width of a letter of the monospaced font, at size 1: wide enough for the common ones.
const glyph = 0.61

// textWidth is how wide a text becomes.
func textWidth(s string, size float64) float64 {
	return glyph * size * float64(utf8.RuneCountInString(s))
}

func (c *canvas) raw(parts ...string) {
	for _, part := range parts {
		c.out.WriteString(part)
	}
}

// escape makes a text safe inside elements and attributes, characters that XML does not know included.
func escape(s string) string {
	var b strings.Builder
	if xml.EscapeText(&b, []byte(s)) != nil { // a Builder does not fail
		return ""
	}
	return b.String()
}

// number writes a length to a tenth of a pixel.
func number(x float64) string {
	s := strconv.FormatFloat(x, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// rect draws a rectangle; a title shows when the pointer rests on it.
func (c *canvas) rect(class string, x, y, width, height float64, title string) {
	c.raw(`<rect class="`, class, `" x="`, number(x), `" y="`, number(y),
		`" width="`, number(width), `" height="`, number(height))
	if title == "" {
		c.raw("\"/>\n")
		return
	}
	c.raw(`"><title>`, escape(title), "</title></rect>\n")
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.raw(`<line class="`, class, `" x1="`, number(x1), `" y1="`, number(y1),
		`" x2="`, number(x2), `" y2="`, number(y2), "\"/>\n")
}

// text writes at a base line; anchor is start, middle or end.
func (c *canvas) text(class, anchor string, x, y float64, s string) {
	c.raw(`<text class="`, class, `" text-anchor="`, anchor, `" x="`, number(x), `" y="`, number(y), `">`,
		escape(s), "</text>\n")
}

// path draws what steps gathered, if anything.
func (c *canvas) path(class, steps string) {
	if steps != "" {
		c.raw(`<path class="`, class, `" d="`, steps, "\"/>\n")
	}
}

// box is one rectangle of a path.
func box(x, y, width, height float64) string {
	return "M" + number(x) + " " + number(y) + "h" + number(width) + "v" + number(height) + "h" + number(-width) + "z"
}
