package simulate

// svgStyle is the look of the picture, in light and in dark.
const svgStyle = `
.peakd{--paper:#fff;--ink:#1c2430;--dim:#5d6878;--faint:#e4e8ee;--lane:#f6f8fa;--pause:#b4bdc9;
--worked:#1f8a5f;--more:#7cc6a4;--idle:#8d99a8;--failed:#d1333b;--wait:#d98a00;--load:#5b7fd6;--soft:#7a5cc9;--stop:#1c2430}
@media (prefers-color-scheme:dark){.peakd{--paper:#12161c;--ink:#e6ebf2;--dim:#98a4b4;--faint:#272e38;--lane:#181d25;--pause:#4c5766;
--worked:#3fb984;--more:#256b4d;--idle:#7c8999;--failed:#ff6068;--wait:#f0b03f;--load:#7f9ff0;--soft:#b39af0;--stop:#e6ebf2}}
.peakd text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink);font-size:11.5px}
.peakd .title{font-size:15px;font-weight:600}
.peakd .small{font-size:10.5px;fill:var(--dim)}
.peakd .tick,.peakd .tiny{fill:var(--dim);paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.peakd .tick{font-size:10.5px}
.peakd .tiny{font-size:9px}
.peakd .child{fill:var(--dim)}
.peakd .paper{fill:var(--paper)}
.peakd .lane{fill:transparent}
.peakd .odd{fill:var(--lane)}
.peakd .grid{stroke:var(--faint);stroke-width:1}
.peakd .base{stroke:var(--pause);stroke-width:1}
.peakd .pause{stroke:var(--pause);stroke-width:1}
.peakd .worked{fill:var(--worked)}
.peakd .more{fill:var(--more)}
.peakd .idle{fill:var(--idle)}
.peakd .failed{fill:var(--failed)}
.peakd .waiting{fill:url(#peakd-hatch)}
.peakd .hatch{stroke:var(--wait);stroke-width:3.2}
.peakd .load{fill:var(--load);opacity:.75}
.peakd .after{fill:var(--paper);opacity:.55}
.peakd .soft{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
.peakd .hard{stroke:var(--failed);stroke-width:1.5;stroke-dasharray:5 4}
.peakd .stop{stroke:var(--stop);stroke-width:2}
.peakd .soft-word{fill:var(--soft)}
.peakd .hard-word{fill:var(--failed)}
.peakd .stop-word{fill:var(--stop);font-weight:600}
.peakd rect:has(title):not(.lane):hover{stroke:var(--ink);stroke-width:1}
`
