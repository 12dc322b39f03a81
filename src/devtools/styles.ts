import { h, type Node } from './dom.ts'

const LIGHT = `
  color-scheme: light;
  --ground: #f6f7f9;
  --card: #ffffff;
  --raised: #eef0f4;
  --line: #dde1e8;
  --ink: #1c2330;
  --muted: #5a6577;
  --accent: #1f5fbf;
  --good: #17693f;
  --good-ground: #e2f3e9;
  --warn: #7d5200;
  --warn-ground: #fbf0d9;
  --bad: #a5281b;
  --bad-ground: #fce8e5;
  --calm: #1f5fbf;
  --calm-ground: #e5eefb;`

const DARK = `
  color-scheme: dark;
  --ground: #0f131a;
  --card: #161c26;
  --raised: #1f2733;
  --line: #29323f;
  --ink: #e6eaf2;
  --muted: #9ba7b9;
  --accent: #82b5ff;
  --good: #6fd6a3;
  --good-ground: #15302a;
  --warn: #f0c069;
  --warn-ground: #332a17;
  --bad: #ff9387;
  --bad-ground: #3a1f20;
  --calm: #82b5ff;
  --calm-ground: #1a2942;`

const CSS = `
:host { display: block; block-size: 100%; min-inline-size: 0; }
.panel {
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;${LIGHT}
  display: flex; flex-direction: column; box-sizing: border-box; block-size: 100%; min-block-size: 0; container-type: inline-size;
  background: var(--ground); color: var(--ink);
  font: 13px / 1.5 system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; font-variant-numeric: tabular-nums; text-align: start;
}
.panel[data-theme='dark'] {${DARK}
}
@media (prefers-color-scheme: dark) {
  .panel:not([data-theme='light']) {${DARK}
  }
}
*, *::before, *::after { box-sizing: border-box; }
h2, h3, p, dl, dd, ul, ol, pre { margin: 0; padding: 0; }
ul, ol { list-style: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.mono, code, pre { font-family: var(--mono); font-size: 12px; }

header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; padding: 10px 14px; background: var(--card); }
.title { display: flex; align-items: baseline; gap: 10px; min-inline-size: 0; }
h2 { font-size: 14px; font-weight: 700; letter-spacing: -0.01em; }
.stream { overflow: hidden; color: var(--muted); text-overflow: ellipsis; white-space: nowrap; }
select { max-inline-size: 100%; padding: 3px 6px; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); color: var(--ink); font: inherit; }
.state { display: flex; flex-wrap: wrap; flex: 1 1 auto; align-items: center; gap: 4px 12px; color: var(--muted); }
.buttons { display: flex; flex-wrap: wrap; align-items: center; gap: 6px; }
.button { padding: 3px 10px; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); color: var(--ink); font: inherit; font-size: 12px; cursor: pointer; }
.button:hover { border-color: var(--muted); }
.strong { border-color: transparent; background: var(--bad-ground); color: var(--bad); font-weight: 600; }
.message { flex-basis: 100%; color: var(--muted); font-size: 12px; }
.message:empty { display: none; }

.tabs { display: flex; flex-wrap: wrap; gap: 0 2px; padding: 0 10px; border-block-end: 1px solid var(--line); background: var(--card); }
.tabs button { display: inline-flex; align-items: center; gap: 6px; margin-block-end: -1px; padding: 6px 8px 7px; border: 0; border-block-end: 2px solid transparent; background: none; color: var(--muted); font: inherit; cursor: pointer; }
.tabs button:hover { color: var(--ink); }
.tabs [aria-selected='true'] { border-block-end-color: var(--accent); color: var(--ink); font-weight: 600; }
.told { padding: 0 6px; border-radius: 999px; background: var(--warn-ground); color: var(--warn); font-size: 11px; font-weight: 600; line-height: 1.55; }

.page { flex: 1 1 auto; min-block-size: 0; overflow: auto; padding: 14px; }
.page:focus-visible { outline-offset: -2px; }
.blocks { display: grid; gap: 14px; max-inline-size: 1100px; margin-inline: auto; }
.block { min-inline-size: 0; border: 1px solid var(--line); border-radius: 10px; background: var(--card); overflow: clip; }
h3 { padding: 10px 14px 0; font-size: 13px; font-weight: 650; }
.note, .empty { padding: 2px 14px 0; color: var(--muted); font-size: 12px; text-wrap: pretty; }
.note { overflow-wrap: anywhere; }
.empty { padding-block-end: 12px; }
.alert { padding: 0 14px 12px; overflow-wrap: anywhere; }

.badge { display: inline-block; padding: 0 7px; border-radius: 999px; background: var(--raised); color: var(--ink); font-size: 11.5px; font-weight: 600; line-height: 1.65; white-space: nowrap; }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.warn { background: var(--warn-ground); color: var(--warn); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
.badge.calm { background: var(--calm-ground); color: var(--calm); }

.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 10px 16px; padding: 8px 14px 12px; }
.facts div { min-inline-size: 0; }
dt { color: var(--muted); font-size: 12px; }
dd { overflow-wrap: anywhere; font-weight: 600; }

.scroll { margin-block-start: 8px; overflow-x: auto; }
.scroll:focus-visible { outline-offset: -2px; }
table { inline-size: 100%; border-collapse: collapse; }
th, td { padding: 5px 14px; border-block-start: 1px solid var(--line); text-align: start; vertical-align: baseline; white-space: nowrap; }
th { font-weight: 600; }
tbody th .mono { font-weight: 500; }
thead th { color: var(--muted); font-size: 12px; font-weight: 500; }
.number { text-align: end; }
td code, td .mono { display: inline-block; max-inline-size: 70ch; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }

.timeline { max-block-size: 260px; margin-block-start: 8px; overflow: auto; padding: 0 14px 12px; }
.timeline:focus-visible { outline-offset: -2px; }
.timeline li { display: grid; grid-template-columns: 66px 108px 1fr; align-items: baseline; gap: 8px; padding: 2px 0; }
.timeline .badge { justify-self: start; }
.reason { color: var(--muted); overflow-wrap: anywhere; }

.cards { display: grid; margin-block-start: 8px; }
.card { display: grid; gap: 6px; padding: 10px 14px; border-block-start: 1px solid var(--line); min-inline-size: 0; }
.card > * { min-inline-size: 0; }
.card p { overflow-wrap: anywhere; }
.card .alert { padding: 0; }
.card-head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; color: var(--muted); }
.card-head .buttons { margin-inline-start: auto; }
.lines { display: grid; gap: 2px; }
.lines li { display: flex; flex-wrap: wrap; gap: 0 10px; overflow-wrap: anywhere; }
.lines code { color: var(--muted); }
pre { max-block-size: 160px; overflow: auto; padding: 8px 10px; border-radius: 6px; background: var(--ground); white-space: pre-wrap; overflow-wrap: anywhere; }
meter { display: block; inline-size: calc(100% - 28px); margin: 0 14px 12px; }

@container (max-width: 520px) {
  .page { padding: 10px; }
  .facts { grid-template-columns: 1fr 1fr; }
  .tabs button { padding-inline: 6px; }
  .timeline li { grid-template-columns: 62px 1fr; }
  .timeline .reason { grid-column: 1 / -1; }
  .timeline .reason:empty { display: none; }
}
`

/** A sheet belongs to the document that it was made for: a panel may be in a window of its own. */
const sheets = new WeakMap<Document, CSSStyleSheet>()

/**
 * Gives a shadow root the panel's styles. A sheet that is made by script needs no leave of a content security policy.
 * @returns what the root has to contain, in browsers without such sheets
 */
export function dress(root: ShadowRoot): ReadonlyArray<Node> {
  const { ownerDocument } = root
  if (!('adoptedStyleSheets' in root)) return [h('style', { key: 'styles' }, CSS)]
  let sheet = sheets.get(ownerDocument)
  if (!sheet) {
    sheets.set(ownerDocument, (sheet = new (ownerDocument.defaultView ?? globalThis).CSSStyleSheet()))
    sheet.replaceSync(CSS)
  }
  root.adoptedStyleSheets = [sheet]
  return []
}
