package simulate

const pageTemplate = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.App}}: simulation</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<header>
<h1>{{.App}}</h1>
<p class="stops">{{.Stops}}</p>
<p class="limits">{{.Headline}}{{with .Began}}<br>{{.}}{{end}}</p>
</header>
{{- with .Warnings}}
<section class="warnings" aria-label="Warnings">
<ul>
{{- range .}}
<li>{{.}}</li>
{{- end}}
</ul>
</section>
{{- end}}
<section aria-label="Summary">
<dl class="facts">
{{- range .Facts}}
<div><dt>{{.Name}}</dt><dd>{{.Value}}</dd><dd class="detail">{{.Detail}}</dd></div>
{{- end}}
</dl>
</section>
<figure>
{{.Picture}}</figure>
<section aria-label="Notes">
<ul class="notes">
{{- range .Notes}}
<li>{{.}}</li>
{{- end}}
</ul>
</section>
<section aria-label="Daemons">
<div class="scroll">
<table>
<thead><tr><th scope="col">daemon</th><th>priority</th><th>runs</th><th>worked</th><th>idle</th><th>failed</th><th>busy</th><th>longest wait</th><th>starved</th><th>interval</th><th class="left">the longest wait was</th></tr></thead>
<tbody>
{{- range .Rows}}
<tr{{with .Class}} class="{{.}}"{{end}}><th scope="row" title="{{.Title}}">{{.Name}}</th>
{{- $bar := .Bar}}
{{- range $i, $cell := .Cells}}<td{{if eq $i 5}} class="busy" style="{{$bar}}"{{end}}>{{$cell}}</td>{{end -}}
<td class="left">{{.Wait}}</td></tr>
{{- end}}
</tbody>
</table>
</div>
</section>
<footer>Simulated by peakd: the real scheduler on virtual time. Nothing was executed; each run went as assumed.</footer>
</main>
</body>
</html>
`

const pageStyle = `
:root{color-scheme:light dark;--page:#f3f5f8;--card:#fff;--text:#1c2430;--muted:#5d6878;--edge:#dfe4ea;--accent:#5b7fd6;--warn:#8a5a00;--warn-page:#fff6e0;--bar:#dfe7fa}
@media (prefers-color-scheme:dark){:root{--page:#0c0f14;--card:#12161c;--text:#e6ebf2;--muted:#98a4b4;--edge:#272e38;--accent:#7f9ff0;--warn:#f0c060;--warn-page:#2a2110;--bar:#22304f}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1280px;margin:0 auto;padding:32px 24px}
h1{margin:0;font-size:28px;letter-spacing:-.01em;overflow-wrap:anywhere}
.stops{margin:4px 0 0;font-size:17px}
.limits{margin:4px 0 20px;color:var(--muted)}
.facts{display:flex;flex-wrap:wrap;gap:12px;margin:0 0 20px}
.facts div{flex:1 1 150px;background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:12px 16px;display:flex;flex-direction:column}
.facts dt{color:var(--muted);font-size:13px}
.facts dd{margin:0;font-size:24px;font-weight:600;font-variant-numeric:tabular-nums}
.facts .detail{font-size:13px;font-weight:400;color:var(--muted);overflow-wrap:anywhere}
figure{margin:0 0 20px;background:var(--card);border:1px solid var(--edge);border-radius:10px;overflow-x:auto}
figure svg{display:block;width:100%;min-width:860px;height:auto}
.notes{margin:0 0 20px;padding-left:20px}
.warnings{margin:0 0 20px;padding:10px 16px;border-radius:10px;background:var(--warn-page);color:var(--warn)}
.warnings ul{margin:0;padding-left:16px}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--edge);border-radius:10px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:6px 12px;text-align:right;white-space:nowrap;font-weight:400}
thead th{color:var(--muted);font-size:12.5px;border-bottom:1px solid var(--edge)}
tbody tr+tr>*{border-top:1px solid var(--edge)}
tbody tr:hover>*{background:color-mix(in srgb,var(--accent) 7%,transparent)}
th:first-child,.left{text-align:left}
tbody th{font-weight:600}
.child th{padding-left:30px;font-weight:400}
.sum>*{font-weight:600}
td.left{color:var(--muted);white-space:normal;min-width:200px}
td.busy{background:linear-gradient(90deg,var(--bar) var(--share),transparent 0)}
footer{margin-top:24px;color:var(--muted);font-size:13px}
`
