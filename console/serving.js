// Who answers with what share, how fast, and a form to try the model; the same call for programs.
import { post, urlOf } from "./api.js";
import {
  html, useState, useGet, useEffect, Page, Card, Badge, Got, Empty, Table, Time, Said, Facts,
    Fault,
  Code, num, percent, span,
} from "./ui.js";
import { Acts } from "./acts.js";
import { Contributions } from "./charts.js";

/** Lines of Prometheus' text as [{name, labels, value}]. */
export function parseMetrics(text) {
  const out = [];
  for (const line of text.split("\n")) {
    const found = /^([a-z_]+)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
    if (!found) continue;
    const labels = {};
    for (const [, name, value] of (found[2] || "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name] = value;
    }
    out.push({ name: found[1], labels, value: Number(found[3]) });
  }
  return out;
}

function Who({ deployments, session }) {
  const { champion, former, rollout } = deployments;
  if (!champion) return html`<${Empty} title="No model answers yet">The first cycle deploys one if
    it beats
    the baselines.</${Empty}>`;
  const share = rollout && rollout.phase !== "watched" ? rollout.share_percent : 0;
  return html`<div class="shares"><div style=${`flex: ${Math.max(8, 100 - share)}`}>v${champion},
    ${
    num(100 - share)} %</div>${rollout && rollout.phase !== "watched" && html`<div
      class="challenger"
    style=${`flex: ${Math.max(8, share)}`}>v${rollout.challenger}, ${share ? num(share) + " %" :
      "unseen"}
    </div>`}</div>${rollout && html`<p><${Badge} tone="warn">${rollout.phase}</${Badge}> v${
    rollout.challenger} since <${Time} at=${rollout.since} />. <${Said} text=${rollout.reason}
      /></p>
    ${Object.keys(rollout.numbers || {}).length > 0 && html`<details><summary>Its
      evidence</summary><${Facts}
    items=${Object.entries(rollout.numbers).map(([k, v]) => [k.replaceAll("_", " "),
    typeof v === "number" ? num(v) : String(v)])} /></details>`}`}
    ${former && html`<${Acts} session=${session} acts=${[["rollback", { champion, former },
    `Roll back to v${former}`]]} />`}`;
}

/** The quantile of a histogram's cumulative buckets, linear inside a bucket. */
function quantile(buckets, share) {
  const all = [...buckets].sort((a, b) => a.le - b.le);
  const total = all.length ? all[all.length - 1].count : 0;
  if (!total) return null;
  let low = 0, before = 0;
  for (const { le, count } of all) {
    if (count >= share * total) {
      return le === Infinity ? low : low + (le - low) * (share * total - before)
        / Math.max(1, count - before);
    }
    low = le;
    before = count;
  }
  return low;
}

function latencies(metrics, name) {
  const buckets = new Map();
  for (const m of metrics) {
    if (m.name !== name + "_bucket") continue;
    const le = m.labels.le === "+Inf" ? Infinity : Number(m.labels.le);
    buckets.set(le, (buckets.get(le) || 0) + m.value);
  }
  return [...buckets].map(([le, count]) => ({ le, count }));
}

function Traffic({ text }) {
  const metrics = parseMetrics(text);
  const named = (name) => metrics.filter((m) => m.name === name);
  const versions = named("rondo_predictions_total");
  const scoring = latencies(metrics, "rondo_score_seconds");
  const columns = {};
  for (const [kind, name] of [["missing", "rondo_input_missing_total"],
    ["unseen", "rondo_input_unseen_total"], ["outside", "rondo_input_out_of_range_total"]]) {
    for (const m of named(name)) {
      const row = columns[m.labels.column] ||= { name: m.labels.column };
      row[kind] = (row[kind] || 0) + m.value;
    }
  }
  const odd = Object.values(columns).filter((c) => c.missing || c.unseen || c.outside);
  const requests = named("rondo_http_requests_total");
  const wrong = requests.filter((m) => /^[45]/.test(m.labels.code || m.labels.status || ""));
  const sum = (list) => list.reduce((all, m) => all + m.value, 0);
  return html`<div class="stack"><${Facts} items=${[
    ["requests", num(sum(requests))], ["refused or failed", num(sum(wrong))],
    ...versions.map((m) => [`rows answered by v${m.labels.version}`, num(m.value)]),
    ...[[0.5, "median"], [0.99, "99th percentile"]].map(([q, name]) => {
      const found = quantile(scoring, q);
      return found === null ? null : [`scoring, ${name}`, span(1000 * found)];
    })]} /><p class="muted">Since the server started.</p>
    ${odd.length > 0 ? html`<${Table} caption="Inputs that the model did not expect" rows=${odd}
      columns=${[
      { head: "column", show: (r) => r.name },
      ...["missing", "unseen", "outside"].map((k) => ({ head: k === "outside" ? "out of range" :
      k,
        number: true, show: (r) => num(r[k] || 0) }))]} />`
    : html`<p>No input was missing, unseen or out of range.</p>`}</div>`;
}

const kindOf = (schema) => {
  const types = [].concat(schema.type || []);
  if (types.includes("boolean")) return "bool";
  if (types.includes("integer") || types.includes("number")) return "number";
  return "text";
};

function typed(text, schema) {
  if (text === "" || text === undefined) return null;
  const kind = kindOf(schema);
  if (kind === "bool") return text === "true";
  return kind === "number" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function Field({ name, schema, value, set }) {
  const kind = kindOf(schema);
  const choices = kind === "bool" ? ["true", "false"] : (schema.enum || []).filter((v) => v !==
    null);
  const title = name === "_time" ? "time (now, if empty)" : name;
  if (choices.length) {
    return html`<label>${title}<select value=${value} onChange=${(e) => set(e.target.value)}>
      <option value="">missing</option>${choices.map((c) => html`<option value=${c}>${c}
      </option>`)}</select></label>`;
  }
  return html`<label>${title}<input value=${value} placeholder="missing"
    inputmode=${kind === "number" ? "decimal" : "text"} onInput=${(e) =>
    set(e.target.value)} /></label>`;
}

const shell = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

function Calls({ row }) {
  const address = urlOf("api/v1/predict"), body = JSON.stringify({ rows: [row] });
  const python = JSON.stringify(row, null, 4).replace(/\bnull\b/g, "None").replace(/\btrue\b/g,
    "True")
    .replace(/\bfalse\b/g, "False");
  return html`<div class="two"><${Code} label="curl" text=${`curl -s ${address} \\\n  -H ` +
    `'Content-Type: application/json' \\\n  -d ${shell(body)}`} /><${Code} label="Python" text=${
    `import requests\n\nrow = ${python}\nsaid = requests.post(${JSON.stringify(address)}, ` +
    `json={"rows": [row]}).json()\nprint(said["predictions"][0]["value"])`} /></div>`;
}

function Answer({ said }) {
  const one = said.predictions[0];
  const byClass = one.base !== undefined && typeof one.base === "object" && one.base !== null;
  // By class, or by level: then those of the level that is answered.
  const told = one.quantiles
    ? Object.keys(one.quantiles).find((level) => one.quantiles[level] === one.value) : one.value;
  const values = byClass ? (one.contributions || {})[told] : one.contributions;
  return html`<div class="stack" role="status"><div><p class="muted">v${one.model_version}
    answers</p>
    <p class="big">${typeof one.value === "number" ? num(one.value) : one.value}</p>${one.low !==
      undefined
    && html`<p>between ${num(one.low)} and ${num(one.high)}</p>`}${one.probabilities &&
      html`<${Facts}
    items=${Object.entries(one.probabilities).map(([k, v]) => [k, percent(v)])} />`}${
      one.quantiles && html`<${Facts}
    items=${Object.entries(one.quantiles).map(([k, v]) => [`quantile ${k}`, num(v)])} />`}</div>
    ${values && html`<div><h3>What each column adds</h3><p class="muted">From ${num(byClass
      ? one.base[told] : one.base)}, the mean over its training rows, to the raw score
      ${num(byClass
      ? one.raw_score[told] : one.raw_score)}.</p><${Contributions} values=${values}
      /></div>`}
    <p class="muted">Prediction <code>${one.id}</code>; a label for it goes to
      <code>/api/v1/feedback</code>.</p></div>`;
}

/** Asks for all that the model can say: an interval and contributions, as far as it has them. */
async function predict(row) {
  let error = null;
  for (const query of ["?explain=true&interval=true", "?explain=true", "?interval=true", ""]) {
    try {
      return await post("api/v1/predict" + query, { rows: [row] });
    } catch (fault) {
      error = fault;
      if (fault.status !== 501) throw fault;
    }
  }
  throw error;
}

function Try({ schema }) {
  const fields = Object.entries(schema.properties || {});
  const example = (schema.examples || [])[0] || {};
  const [values, set] = useState({}), [state, setState] = useState({ said: null, error: null });
  useEffect(() => set((was) => Object.fromEntries(fields.map(([name]) => [name, was[name] ??
    String(example[name] ?? "")]))), [schema]);
  if (!fields.length) return html`<${Empty} title="There is no model to try yet" />`;
  // A time that is not said is the clock's.
  const row = Object.fromEntries(fields.filter(([name]) => name !== "_time" || values[name])
    .map(([name, s]) => [name, typed(values[name], s)]));
  const send = async (event) => {
    event.preventDefault();
    try {
      setState({ said: await predict(row), error: null });
    } catch (error) {
      setState({ said: null, error });
    }
  };
  return html`<${Card} title="Try the model"
    note="The columns of the model that answers. An empty field is a
    missing value. This is a real request: it is logged and monitored like any
      other."><div class=${state.said || state.error ? "two" : ""}>
    <form class="stack" onSubmit=${send}><div class="try">${fields.map(([name, s]) =>
      html`<${Field} name=${name}
    schema=${s} value=${values[name] || ""} set=${(v) => set({ ...values, [name]: v })}
      />`)}</div><div>
    <button class="primary">Predict</button></div></form><div>${state.error && html`<${Fault}
    error=${state.error} />`}${state.said && html`<${Answer} said=${state.said}
      />`}</div></div></${Card}>
    <${Card} title="The same call from a program"><${Calls} row=${row} /></${Card}>`;
}

export default function Serving({ session }) {
  const deployments = useGet("api/v1/deployments");
  const metrics = useGet("metrics", { every: 3000 });
  const openapi = useGet("openapi.json", { live: false });
  const noStore = deployments.error && deployments.error.status === 501;
  const chain = ((deployments.data && deployments.data.chain) || []).slice().reverse();
  return html`<${Page} title="Serving">${!noStore && html`<${Card} title="Who answers"><${Got}
    of=${deployments}>${(d) => html`<${Who} deployments=${d} session=${session}
      />`}</${Got}></${Card}>`}
    <${Got} of=${openapi}>${(o) => html`<${Try} schema=${((o.components || {}).schemas || {}).Row
      || {}}
    />`}</${Got}>
    <${Card} title="Traffic" tools=${html`<a href=${urlOf("metrics")}>all numbers</a>`}><${Got}
      of=${metrics}>
    ${(text) => html`<${Traffic} text=${String(text)} />`}</${Got}></${Card}>
    ${chain.length > 0 && html`<${Card} title="Deployments" wide><${Table} caption="Deployments"
      rows=${chain}
    columns=${[
      { head: "when", show: (r) => html`<${Time} at=${r.at} />` },
      { head: "from", show: (r) => r.from ? "v" + r.from : "\u2013" },
      { head: "to", show: (r) => html`<a href=${"#/models/v" + r.to}>v${r.to}</a>` },
      { head: "who", show: (r) => r.who || "\u2013" },
      { head: "why", show: (r) => html`<${Said} text=${r.why} />` }]} /></${Card}>`}</${Page}>`;
}
