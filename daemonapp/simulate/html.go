package simulate

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strconv"
)

// WriteHTML writes a page of its own: the picture of [WriteSVG], the table, and what there is to say. It needs no
// network, runs no script, and follows the light or dark of the reader.
func WriteHTML(w io.Writer, r *Report) error {
	if err := r.Explain(); err != nil {
		return err
	}
	page, err := r.page()
	if err != nil {
		return err
	}
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, page); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// page is what the template is given.
type page struct {
	App, Headline, Began, Stops string
	Facts                       []fact
	Notes, Warnings             []string
	Style                       template.CSS
	Picture                     template.HTML
	Rows                        []pageRow
}

// fact is a number to be seen from afar.
type fact struct{ Value, Name, Detail string }

// pageRow is a row of the table.
type pageRow struct {
	Name, Title, Class string
	Cells              []string // as in the text, without the name
	Bar                template.CSS
	Wait               string // the longest, in words
}

func (r *Report) page() (*page, error) {
	warnings, err := r.warnings()
	if err != nil {
		return nil, err
	}
	p := &page{
		App: r.name(), Headline: r.headline(), Began: r.began(), Stops: r.stops(), Facts: r.facts(),
		Notes: nonEmpty(r.largestGap(), r.longestWait(), r.moreWorkers()), Warnings: warnings,
		Style: template.CSS(pageStyle), Picture: template.HTML(r.svg(false)), // built here, every text escaped
	}
	for track, index := range r.drawn.shown {
		p.Rows = append(p.Rows, r.pageRow(track, index))
	}
	if r.drawn.others > 0 {
		rest := r.rest()
		p.Rows = append(p.Rows, rest.sum(plural(r.drawn.others, "other")))
	}
	p.Rows = append(p.Rows, r.Sum.sum("all"))
	return p, nil
}

func (r *Report) pageRow(track int, index int32) pageRow {
	row := &r.Daemons[index]
	cells := row.cells("")
	out := pageRow{Name: row.Name, Title: row.words(), Cells: cells[1:], Bar: bar(row.Share)}
	if r.drawn.tree && row.Depth > 0 {
		out.Name, out.Class = row.Short, "child"
	}
	if row.Wait.Length > 0 {
		out.Wait = "at " + Short(row.Wait.Due) + r.drawn.behind[track].words()
	}
	return out
}

func (r *Row) sum(name string) pageRow {
	return pageRow{Name: name, Title: name, Class: "sum", Cells: r.summary(name)[1:], Bar: bar(r.Share)}
}

// bar is the width of the bar behind a share.
func bar(share float64) template.CSS {
	return template.CSS("--share:" + strconv.FormatFloat(100*min(max(share, 0), 1), 'f', 1, 64) + "%")
}

func (r *Report) facts() []fact {
	facts := []fact{
		{Short(r.Stop.At), "life", r.Stop.Reason.String()},
		{strconv.Itoa(r.Sum.Runs), "runs", strconv.Itoa(r.Sum.Worked) + " worked, " + strconv.Itoa(r.Sum.Idle) +
			" idle, " + strconv.Itoa(r.Sum.Failed) + " failed"},
		{percent(r.Sum.Share), "busy", "of " + plural(r.Input.Limits.Workers, "worker")},
		{Short(r.Sum.Wait.Length), "longest wait", r.Sum.Wait.Daemon},
	}
	if r.Gap.Length > 0 {
		facts = append(facts, fact{Short(r.Gap.Length), "largest gap", "at " + Short(r.Gap.At)})
	}
	return facts
}
