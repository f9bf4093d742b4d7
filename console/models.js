// The registry: versions with their measure and its interval, one card, two side by side, and
// where a version comes from.
import {
  html, useGet, Page, Card, Badge, Got, Empty, Table, Time, Said, Facts, Json, num,
  percent, span, setQuery,
} from "./ui.js";
import { Acts } from "./acts.js";
import { Dots, Interval, Plane, Shares } from "./charts.js";

const lifeTone = { champion: "good", challenger: "warn" };
const Life = ({ of }) => html`<${Badge} tone=${lifeTone[of] || "plain"}>${of}</${Badge}>`;

/** The name of the measure that the gate compares: the one that the interval is about. */
function measure(metrics) {
  const names = Object.keys(metrics || {}).filter((n) => n !== "low" && n !== "high");
  const inside = names.find((n) => metrics[n] >= metrics.low && metrics[n] <= metrics.high);
  return inside || names[0];
}

function List({ models, session, query }) {
  const newest = [...models].reverse();
  const champion = models.find((m) => m.stage_of_life === "champion");
  const picked = (query.pick || "").split(",").filter(Boolean);
  const pick = (version) => {
    const next = picked.includes(version) ? picked.filter((p) => p !== version)
      : [...picked, version].slice(-2);
    setQuery({ pick: next.join(",") });
  };
  const scored = newest.filter((m) => m.version && measure(m.metrics));
  const versions = [...picked].sort((a, b) => a - b);
  const compare = picked.length === 2
    ? html`<a href=${`#/models/v${versions[0]}/v${versions[1]}`}>Compare v${versions[0]} with
      v${versions[1]}</a>` : html`<span class="muted">Pick two to compare</span>`;
  const columns = [
    { head: "version", show: (m) => m.version
      ? html`<a href=${"#/models/v" + m.version}>v${m.version}</a>` : "waits for a yes" },
    { head: "pick", show: (m) => m.version && html`<input type="checkbox"
      aria-label=${`compare v${m.version}`} checked=${picked.includes(String(m.version))}
      onChange=${() => pick(String(m.version))} />` },
    { head: "stage of life", show: (m) => html`<${Life} of=${m.stage_of_life} />` },
    { head: "measure", show: (m) => html`<${Measure} metrics=${m.metrics} />` },
    { head: "dataset", show: (m) => html`<a href=${"#/data/" + m.dataset}>${m.dataset}</a>` },
    { head: "labelled rows", number: true, show: (m) => num(m.labelled) },
    { head: "trees", number: true, show: (m) => num(m.trees) },
    { head: "made", show: (m) => html`<${Time} at=${m.created} />` },
    { head: "act", show: (m) => m.version && champion && m.version !== champion.version
      && html`<${Acts} session=${session} acts=${[["promote",
        { version: m.version, champion: champion.version }, "Promote", "quiet"]]} />` },
  ];
  return html`${scored.length > 0 && html`<${Measures} models=${scored.slice(0, 20)} />`}
    <${Card} wide title="Versions" tools=${compare}><${Table} caption="Versions of the model"
      rows=${newest} columns=${columns} keyOf=${(m) => m.version ?? "waits"}
      rowClass=${(m) => m.stage_of_life === "champion" ? "lit" : ""} /></${Card}>`;
}

function Measure({ metrics }) {
  const name = measure(metrics);
  if (!name) return "\u2013";
  return html`${name} ${num(metrics[name])} <small class="muted">${num(metrics.low)} to
    ${num(metrics.high)}</small>`;
}

function Measures({ models }) {
  const name = measure(models[0].metrics);
  return html`<${Card} title=${"Measured on the test rows of its own cycle: " + name}
    note="The line is the interval that its evaluation gives; test rows differ from cycle to cycle,
      so compare two versions side by side."><${Dots} rows=${models.map((m) => ({
      name: `v${m.version} ${m.stage_of_life}`, value: m.metrics[measure(m.metrics)],
      low: m.metrics.low, high: m.metrics.high }))}
      label="measure with interval of each version" /></${Card}>`;
}

function Verdict({ evaluation }) {
  if (!evaluation || !evaluation.metric) return null;
  const rivals = [evaluation.champion, ...(evaluation.baselines || [])].filter(Boolean);
  return html`<${Card} title=${`${evaluation.metric} ${num(evaluation.value)}, between ${
    num(evaluation.low)} and ${num(evaluation.high)}`} note=${`On ${num(evaluation.rows)} test
      rows${
    evaluation.days ? ` of ${num(evaluation.days)} days` : ""} that did not train it.`}>
    <div class="stack">${((evaluation.verdict || {}).reasons || []).map((r) => html`<p><${Said}
      text=${r} />
    </p>`)}${rivals.length > 0 && html`<div><h3>Gain over each, on the same rows</h3><${Dots} zero
    label="gain over each rival" good=${(r) => r.low > 0 ? "" : r.high < 0 ? "bad" : "warn"}
    rows=${rivals.map((r) => ({ name: r.name, value: r.gain, low: r.low, high: r.high }))}
      /></div>`}
    <${Facts} items=${Object.entries(evaluation.metrics || {}).map(([k, v]) => [k, num(v)])}
      /></div>
    </${Card}>`;
}

function Curve({ curve }) {
  if (!curve) return null;
  if (curve.kind === "roc") {
    return html`<${Card} title="Answers and truth"><${Plane} unit line
      xName="share of the negative called
      positive" yName="share of the positive found" points=${curve.points.map((p) => ({
      x: p.false_positive, y: p.true_positive }))} /></${Card}>`;
  }
  if (curve.kind === "tenths") {
    return html`<${Card} title="Answers and truth"
      note="Tenths of the test rows by answer; on the line, what
      it says comes true."><${Plane} xName="mean answer" yName="mean
      truth" points=${curve.points.map((p) => ({
      x: p.answer, y: p.truth, low: p.low, high: p.high,
      title: `${num(p.rows)} rows: answered ${num(p.answer)}, came ${num(p.truth)}` }))}
      /></${Card}>`;
  }
  return html`<${Card} title="Answers and truth"><${Table} caption="truth by answer" rows=${
    curve.counts.map((counts, i) => ({ counts, name: curve.classes[i] }))} columns=${[
    { head: "truth", show: (r) => r.name }, ...curve.classes.map((name, i) => ({ head: "said " +
      name,
      number: true, show: (r) => num(r.counts[i]) }))]} /></${Card}>`;
}

function Reliability({ found }) {
  if (!found || !found.bins) return null;
  return html`<${Card} title="Do its probabilities mean what they say?" note=${`Calibration error
    ${
    num(found.calibration_error)}.`}><${Plane} unit xName="probability that was said"
      yName="share that came"
    points=${found.bins.map((b) => ({ x: b.mean_probability, y: b.share, low: b.share_low,
    high: b.share_high, title: `${num(b.rows)} rows` }))} /></${Card}>`;
}

function Slices({ found }) {
  if (!found) return null;
  if (found.why_not) return html`<${Card} title="Where it fails"><p class="muted">No part was
    looked for: ${
    found.why_not}.</p></${Card}>`;
  const rows = (found.slices || []).filter((s) => s.named);
  return html`<${Card} title="Where it fails">${rows.length ? html`<${Table}
    caption="parts where it fails"
    rows=${rows} columns=${[{ head: "where", show: (s) => s.conditions.join(" and ") },
      { head: "rows", number: true, show: (s) => num(s.rows) },
      { head: "loss there", number: true, show: (s) => num(s.mean_loss) },
      { head: "elsewhere", number: true, show: (s) => num(s.loss_elsewhere) }]} />`
    : html`<p class="muted">In no part of the test rows is its ${found.loss || "loss"} reliably
      higher.</p>`}
    </${Card}>`;
}

function Reasons({ version, beside = false }) {
  const reasons = useGet(`api/v1/models/${version}/reasons`, { live: false });
  return html`<${Card} title=${beside ? `Why v${version} answers as it does`
    : "Why it answers as it does"} note="The mean size of each feature's part
    in the raw score, over test rows (exact TreeSHAP)."><${Got} of=${reasons}>${(r) => html`
    <${Shares} rows=${r.features.slice(0, 15).map((f) => ({ name: f.feature,
    share: f.share / Math.max(1e-12, r.features[0].share), note: percent(f.share) }))} />`}</${Got}>
    </${Card}>`;
}

function Lineage({ version }) {
  const lineage = useGet("api/v1/lineage/v" + version);
  return html`<${Card} title="Where it comes from"><${Got} of=${lineage}>${(l) => html`<div
    class="stack">
    <${Facts} items=${[
      l.version && ["pipeline (SHA-256)", html`<code title=${l.version.pipeline}>${
        (l.version.pipeline || "").slice(0, 12)}</code>`],
      l.version && ["labelled rows", num(l.version.labelled)],
      l.dataset && ["dataset", html`<a href=${"#/data/" + l.dataset.name}>${l.dataset.name}</a>`],
      l.dataset && ["its digest", html`<code title=${l.dataset.digest}>${
        (l.dataset.digest || "").slice(0, 12)}</code>`],
      l.dataset && ["its rows", num(l.dataset.rows)]]} />
    ${(l.segments || []).length > 0 && html`<${Table} caption="segments of its dataset"
      rows=${l.segments}
    columns=${[{ head: "came with", show: (s) => s.came_with }, { head: "rows", number: true,
      show: (s) => num(s.rows) }, { head: "from", show: (s) => html`<${Time} at=${s.from} dayOnly
      />` },
      { head: "until", show: (s) => html`<${Time} at=${s.until} dayOnly />` },
      { head: "files", show: (s) => s.served ? "served predictions" : (s.files || []).map((f) =>
        typeof f === "string" ? f : f.name || f.file || "").join(", ") }]}
        />`}</div>`}</${Got}></${Card}>`;
}

function OneCard({ version, session }) {
  const card = useGet("api/v1/models/" + version);
  const models = useGet("api/v1/models");
  const champion = (models.data || []).find((m) => m.stage_of_life === "champion");
  const other = champion && champion.version !== version ? champion.version : version - 1;
  const name = `Version ${version}`;
  return html`<${Page} title=${name} tools=${html`<div class="acts"><a href=${"#/why/v" +
    version}>Why?</a>
    ${other > 0 && html`<a href=${`#/models/v${Math.min(other, version)}/v${Math.max(other,
      version)}`}>Compare
    with v${other}</a>`}</div>`}><${Got} of=${card}>${(c) => html`<${Card}><${Facts} items=${[
      ["stage of life", html`<${Life} of=${c.stage_of_life} />`], ["made", html`<${Time}
      at=${c.created} />`],
      ["dataset", html`<a href=${"#/data/" + c.dataset}>${c.dataset}</a>`],
      ["labelled rows", num(c.labelled)], ["trees", num(c.trees)], ["features", num(c.features)],
      ["seconds", num((c.steps || []).reduce((s, x) => s + (x.seconds || 0), 0))],
      ["CPU seconds", num((c.steps || []).reduce((s, x) => s + (x.cpu_s || 0), 0))]]} />
      ${c.stage_of_life !== "champion" && champion && html`<p></p><${Acts} session=${session}
      acts=${[[
        "promote", { version, champion: champion.version }, `Promote v${version}`]]}
        />`}</${Card}>
    ${c.imported && html`<${Empty} title="It was trained elsewhere and was not judged here" />`}
    <${Verdict} evaluation=${c.evaluation} /><div class="two"><${Curve} curve=${(c.evaluation ||
      {}).curve} />
    <${Reliability} found=${(c.evaluation || {}).reliability} />${!c.imported && html`<${Reasons}
    version=${version} />`}<${Slices} found=${(c.evaluation || {}).slices} /></div>
    ${(c.steps || []).length > 0 && html`<${Card} wide title="Its cycle"><${Table}
      caption="steps of its cycle"
    rows=${c.steps} columns=${[{ head: "step", show: (s) => html`<a href=${"#/why/" +
      s.step}>${s.step}</a>` },
      { head: "stage", show: (s) => s.stage }, { head: "result", show: (s) => s.result },
      { head: "why", show: (s) => html`<${Said} text=${s.reason} />` },
      { head: "took", number: true, show: (s) => s.seconds === undefined ? "\u2013" : span(1000 *
      s.seconds) },
      ]} /></${Card}>`}<${Lineage} version=${version} />${c.training && html`<${Card}
      title="Training"><details>
      <summary>All that it tells of itself</summary><${Json} value=${c.training}
      /></details></${Card}>`}`}
    </${Got}></${Page}>`;
}

function Side({ card }) {
  const e = card.evaluation || {}, name = measure(card.metrics);
  return html`<div class="stack"><${Card} title=${`v${card.version}`} tools=${html`<${Life}
    of=${card.stage_of_life} />`}>
    <div class="stack">${name && html`<div><p class="big">${num(card.metrics[name])}</p><p
      class="muted">${name},
    between ${num(card.metrics.low)} and ${num(card.metrics.high)}</p><${Interval}
      low=${card.metrics.low}
    high=${card.metrics.high} value=${card.metrics[name]} /></div>`}<${Facts} items=${[
      ["dataset", card.dataset], ["labelled", num(card.labelled)], ["trees", num(card.trees)],
      ["test rows", num(e.rows)], ["CPU seconds", num((card.steps || []).reduce((s, x) =>
        s + (x.cpu_s || 0), 0))]]} />${e.curve && e.curve.kind === "tenths" && html`<${Plane}
      xName="mean answer" yName="mean truth" points=${e.curve.points.map((p) => ({ x: p.answer, y:
      p.truth,
      low: p.low, high: p.high, title: num(p.rows) + " rows" }))} />`}</div></${Card}>
    <${Reliability} found=${e.reliability} /><${Slices} found=${e.slices} /></div>`;
}

function Compare({ before, after }) {
  const diff = useGet(`api/v1/models/${before}/against/${after}`);
  const title = `Version ${before} and version ${after}`;
  return html`<${Page} title=${title}><${Got} of=${diff}>${(d) => html`
    ${d.compared ? html`<${Card} title="On the same rows" note=${`When v${after} was evaluated,
      v${before}
    served.`}><${Dots} zero label="gain" rows=${[{ name: `gain over ${d.compared.name}`,
    value: d.compared.gain, low: d.compared.low, high: d.compared.high }]} good=${(r) => r.low > 0
      ? ""
    : r.high < 0 ? "bad" : "warn"} /></${Card}>` : html`<${Empty}
      title="They never met on the same rows">
    Their numbers come from the test rows of their own cycles.</${Empty}>`}
    <div class="two"><${Side} card=${d.before} /><${Side} card=${d.after} /></div>
    <div class="two"><${Reasons} version=${before} beside /><${Reasons} version=${after} beside
      /></div>
    <${Card} title="What differs" wide><div class="stack"><${Table} caption="measures"
      rows=${d.metrics}
      columns=${[{ head: "measure", show: (r) => r.metric }, { head: `v${before}`, number: true,
        show: (r) => num(r.before) }, { head: `v${after}`, number: true, show: (r) => num(r.after)
        }]} />
      ${d.training.length > 0 && html`<${Table} caption="training" rows=${d.training} columns=${[
        { head: "training", show: (r) => r.what }, { head: `v${before}`, number: true,
          show: (r) => typeof r.before === "number" ? num(r.before) : String(r.before) },
        { head: `v${after}`, number: true, show: (r) => typeof r.after === "number" ? num(r.after)
          : String(r.after) }]} />`}
      <p>${d.features.added.length || d.features.removed.length ? html`Features added: ${
        d.features.added.join(", ") || "none"}; removed: ${d.features.removed.join(", ") ||
        "none"}.`
        : "Both read the same features."}</p></div></${Card}>`}</${Got}></${Page}>`;
}

export default function Models({ route, session }) {
  const number = (text) => Number(String(text || "").replace(/^v/, ""));
  const [, first, second] = route.path;
  const models = useGet(first ? "" : "api/v1/models");
  if (second) return html`<${Compare} before=${number(first)} after=${number(second)} />`;
  if (first) return html`<${OneCard} version=${number(first)} session=${session} />`;
  return html`<${Page} title="Models"
    lead="Every version that was deployed or may be, and what is known of it. A challenger that was
    refused gets no number; why is in the process table.">
    <${Got} of=${models} empty=${html`<${Empty} title="There is no version yet">A version is made
      by a cycle
    whose model wins its evaluation.</${Empty}>`}>${(m) => html`<${List} models=${m}
      session=${session}
    query=${route.query} />`}</${Got}></${Page}>`;
}
