// Dataset versions: what each added, what was refused and why, what was agreed, and its profile.
import {
  html, useGet, useState, Page, Card, Badge, Got, Empty, Table, Time, Facts, Tabs, num, percent,
    Said,
} from "./ui.js";
import { Histogram, Shares } from "./charts.js";

function List({ versions }) {
  const newest = [...versions].reverse();
  const most = Math.max(1, ...versions.map((v) => v.added));
  return html`<${Card} title="Growth" note="Rows that each version added."><${Shares} rows=${
    newest.slice(0, 16).map((v) => ({ name: v.version, share: v.added / most, note: num(v.added)
      }))} />
    </${Card}><${Card} wide title="Versions"><${Table} caption="dataset versions" rows=${newest}
    keyOf=${(v) => v.version} columns=${[
      { head: "version", show: (v) => html`<a href=${"#/data/" + v.version}>${v.version}</a>` },
      { head: "rows", number: true, show: (v) => num(v.rows) },
      { head: "labelled", number: true, show: (v) => num(v.labelled) },
      { head: "added", number: true, show: (v) => num(v.added) },
      { head: "rejected", number: true, show: (v) => v.rejected ? html`<a
      href=${`#/data/${v.version}/rejects`}
        >${num(v.rejected)}</a>` : "0" },
      { head: "from", show: (v) => html`<${Time} at=${v.from} dayOnly />` },
      { head: "until", show: (v) => html`<${Time} at=${v.until} dayOnly />` },
      { head: "what changed", show: (v) => html`<${Said} text=${v.changed} />` }]} /></${Card}>`;
}

function Rejects({ version }) {
  const rejects = useGet(`api/v1/data/${version}/rejects`);
  return html`<${Card} wide title="Rejected rows"><${Got} of=${rejects} empty=${html`<p>No row was
    rejected.
    </p>`}>${(rows) => html`<${Table} caption="rejected rows" rows=${rows.slice(0, 500)}
      columns=${[
      { head: "where", show: (r) => [r.file, r.line && "line " +
      r.line].filter(Boolean).join(", ") || "\u2013" },
      { head: "why", show: (r) => html`<${Said} text=${r.sentence || r.reason} />` },
      { head: "as it came", show: (r) => html`<code>${r.raw ?? r.text ?? ""}</code>` },
      { head: "taken since", show: (r) => r.resolved || "no" }]} />${rows.length > 500 && html`<p
      class="muted">
      The first 500 of ${num(rows.length)}.</p>`}`}</${Got}></${Card}>`;
}

const rangeText = (range) => !range ? "any" : `${range[0] ?? "any"} to ${range[1] ?? "any"}`;

function Contract({ version }) {
  const contract = useGet(`api/v1/data/${version}/contract`, { live: false });
  return html`<${Card} wide title="Contract"
    note="What each column is and may hold, beside what was seen.">
    <${Got} of=${contract}>${(c) => html`<${Table} caption="contract" rows=${c.columns}
      columns=${[
      { head: "column", show: (r) => r.name }, { head: "type", show: (r) => r.type },
      { head: "may be missing", show: (r) => r.nullable ? "yes" : "no" },
      { head: "may hold", show: (r) => r.values ? r.values.join(", ") : Array.isArray(r.range)
        ? rangeText(r.range) : r.range ? rangeText([r.range.low ?? r.range.min, r.range.high ??
        r.range.max])
        : "any" },
      { head: "missing", number: true, show: (r) => num((r.seen || {}).missing) },
      { head: "distinct", number: true, show: (r) => num((r.seen || {}).distinct) }]}
      />`}</${Got}></${Card}>`;
}

const shown = (v) => typeof v === "number" ? num(v) : /^\d{4}-\d\d-\d\dT/.test(v || "")
  ? html`<${Time} at=${v} dayOnly />` : v ?? "\u2013";

function Column({ column, moved }) {
  const rows = Math.max(1, column.count + column.missing);
  return html`<${Card} title=${column.name}
    tools=${html`<${Badge}>${column.type}</${Badge}>`}><div
    class="stack">${column.histogram ? html`<${Histogram} counts=${column.histogram.counts}
    label=${"values of " + column.name} low=${shown(column.histogram.low)}
      high=${shown(column.histogram.high)}
    />` : (column.top || []).length > 0 && html`<${Shares}
    rows=${column.top.slice(0, 5).map((t) => ({
    name: String(t.value), share: t.count / column.top[0].count, note: percent(t.count / rows)
      }))} />`}
    <${Facts} items=${[["missing", percent(column.missing / rows)], ["distinct",
      num(column.distinct)],
      column.mean !== undefined && ["mean", shown(column.mean)],
      column.quantiles && ["median", shown(column.quantiles["0.5"])],
      moved && ["moved since", num(moved.distance)]]} /></div></${Card}>`;
}

function Profile({ version }) {
  const profile = useGet(`api/v1/data/${version}/profile`, { live: false });
  return html`<${Got} of=${profile}>${(p) => html`<p class="muted">${num(p.rows)} rows.${p.before
    ? ` "Moved since" compares with ${p.before}: 0 is the same, 1 is all of it.` : ""}</p><div
      class="two">${
    p.columns.map((c) => html`<${Column} key=${c.name} column=${c} moved=${(p.drift ||
      []).find((d) =>
    d.name === c.name)} />`)}</div>${(p.correlations || []).length > 0 && html`<${Card} wide
    title="Correlations" note="The strongest pairs."><${Table} caption="correlations"
    rows=${p.correlations.slice(0, 20)} columns=${[{ head: "a", show: (r) => r.a }, { head: "b",
    show: (r) => r.b }, { head: "r", number: true, show: (r) => num(r.r) }, { head: "rows",
      number: true,
    show: (r) => num(r.rows) }]} /></${Card}>`}`}</${Got}>`;
}

function Diff({ version, versions }) {
  const others = versions.map((v) => v.version).filter((v) => v !== version);
  const [other, set] = useState(others[others.length - 1] || "");
  const diff = useGet(other ? `api/v1/data/${other}/against/${version}` : "", { live: false });
  if (!others.length) return html`<${Empty} title="There is one version only" />`;
  return html`<${Card} wide title="Difference" tools=${html`<label>against<select value=${other}
    onChange=${(e) => set(e.target.value)}>${others.map((o) => html`<option
      value=${o}>${o}</option>`)}
    </select></label>`}><${Got} of=${diff}>${(d) => html`<div class="stack"><${Facts} items=${
    Object.entries(d.rows).map(([k, v]) => [k, num(v)])} />${Object.keys(d.cells || {}).length > 0
    && html`<${Table} caption="changed cells" rows=${Object.entries(d.cells)} columns=${[{ head:
      "column",
    show: (r) => r[0] }, { head: "changed cells", number: true, show: (r) => num(r[1]) }]} />`}
    ${(d.columns.moved || []).length > 0 && html`<${Table} caption="moved columns"
      rows=${d.columns.moved}
    columns=${[{ head: "column", show: (r) => r.name }, { head: "moved", number: true,
    show: (r) => num(r.distance) }]} />`}</div>`}</${Got}></${Card}>`;
}

const kTabs = [["", "Summary"], ["rejects", "Rejects"], ["contract", "Contract"], ["profile",
  "Profile"],
  ["diff", "Difference"]];

function One({ name, tab, versions }) {
  const found = versions.find((v) => v.version === name);
  if (!found) {
    return html`<${Page} title=${`There is no ${name}`}><p><a href="#/data">All versions</a></p>
      </${Page}>`;
  }
  return html`<${Page} title=${"Dataset " + name}><${Tabs} label="Parts of the dataset"
    items=${kTabs}
    current=${tab} hrefOf=${(key) => "#/data/" + name + (key ? "/" + key : "")} />
    ${tab === "rejects" && html`<${Rejects} version=${name} />`}
    ${tab === "contract" && html`<${Contract} version=${name} />`}
    ${tab === "profile" && html`<${Profile} version=${name} />`}
    ${tab === "diff" && html`<${Diff} version=${name} versions=${versions} />`}
    ${!tab && html`<${Card}><${Facts} items=${[["rows", num(found.rows)], ["labelled",
      num(found.labelled)],
      ["added", num(found.added)], ["rejected", num(found.rejected)], ["duplicate",
      num(found.duplicate)],
      ["from", html`<${Time} at=${found.from} />`], ["until", html`<${Time} at=${found.until}
      />`],
      ["committed", html`<${Time} at=${found.committed} />`], ["step", html`<a href=${"#/why/" +
      found.step}>${
      found.step}</a>`], ["digest", html`<code title=${found.digest}>${found.digest.slice(0,
      12)}</code>`]]}
      /></${Card}><${Card} title="What changed"><p><${Said} text=${found.changed}
      /></p></${Card}>`}</${Page}>`;
}

export default function Data({ route }) {
  const versions = useGet("api/v1/data");
  const [, name, tab = ""] = route.path;
  const empty = html`<${Empty} title="No data was collected yet">The first step of the loop
    collects the rows
    that <code>[collect] source</code> names.</${Empty}>`;
  if (name && (versions.data || []).length) {
    return html`<${One} name=${name} tab=${tab} versions=${versions.data} />`;
  }
  return html`<${Page} title="Data"
    lead="Versions of the dataset, each never changed again."><${Got}
    of=${versions} empty=${empty}>${(v) => html`<${List} versions=${v} />`}</${Got}></${Page}>`;
}
