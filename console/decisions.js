// What was decided and why, each "no" too; and one decision as a page that can be sent on.
import {
  html, useState, useGet, Page, Card, Badge, Got, Empty, Time, Said, Json, Copy, Facts, num,
    setQuery,
} from "./ui.js";

const answerTone = (answer) => answer === "yes" || answer === "promote" ? "good"
  : answer === "roll back" ? "bad" : "plain";

function Numbers({ numbers }) {
  const plain = Object.entries(numbers || {}).filter(([, v]) => typeof v === "number");
  if (!Object.keys(numbers || {}).length) return null;
  return html`<details><summary>Its numbers</summary>${plain.length > 0 && html`<${Facts}
    items=${plain.map(([name, v]) => [name.replaceAll("_", " "), num(v)])} />`}
    ${plain.length < Object.keys(numbers).length && html`<${Json} value=${numbers}
      />`}</details>`;
}

function Entry({ one }) {
  return html`<article><header><${Badge} tone=${answerTone(one.answer)}>${one.answer}</${Badge}>
    <strong>${one.about}</strong><${Time} at=${one.at} />${one.window && html`<span
      class="muted">window
    from <${Time} at=${one.window} /></span>`}<span class="muted">fact
      ${num(one.sequence)}</span></header>
    <p><${Said} text=${one.reason} /></p><${Numbers} numbers=${one.numbers} /></article>`;
}

function Feed({ rows, query }) {
  const [shown, set] = useState(100);
  const text = (query.q || "").toLowerCase();
  const kept = rows.filter((r) => (!query.about || r.about === query.about)
    && (!query.answer || r.answer === query.answer)
    && (!text || String(r.reason).toLowerCase().includes(text)));
  if (!kept.length) return html`<${Empty} title="No decision fits these filters" />`;
  return html`<p class="muted" role="status">${num(kept.length)} of ${num(rows.length)}
    decisions</p>
    <div class="feed">${kept.slice(0, shown).map((r) => html`<${Entry} key=${r.sequence} one=${r}
      />`)}</div>
    ${kept.length > shown && html`<button type="button" onClick=${() => set(2 * shown)}>Show
      more
    </button>`}`;
}

function Filters({ rows, query }) {
  const choices = (key) => [...new Set(rows.map((r) => r[key]).filter(Boolean))].sort();
  return html`<div class="filters">${["about", "answer"].map((key) => html`<label>${key ===
    "about"
    ? "What about" : "Answer"}<select value=${query[key] || ""} onChange=${(e) =>
    setQuery({ [key]: e.target.value })}><option value="">any</option>${choices(key).map((c) =>
      html`
    <option value=${c}>${c}</option>`)}</select></label>`)}<label class="grow">In the reason<input
    type="search" value=${query.q || ""} onInput=${(e) => setQuery({ q: e.target.value })}
      /></label></div>`;
}

/** The evidence behind a step ("12"), a version ("v7") or the newest decision (""). */
function Why({ subject }) {
  const why = useGet("api/v1/why" + (subject ? "/" + encodeURIComponent(subject) : ""));
  const title = !subject ? "Why: the newest decision"
    : subject.startsWith("v") ? `Why: version ${subject}` : `Why: step ${subject}`;
  return html`<${Page} title=${title} tools=${html`<${Copy} text=${location.href}
    label="Copy the address" />`}><${Got} of=${why}>${(w) => html`<${Card}><p
      class="why-text"><${Said}
    text=${w.paragraph} /></p></${Card}><${Card} wide title="What it follows from"
    note="The facts of the ledger, as they were written down."><div class="feed">${(w.facts ||
      []).map((f) =>
    html`<article key=${f.seq ?? f.sequence}><header><strong>${String(f.kind).replaceAll("_",
      " ")}</strong><${Time}
      at=${f.at} /><span class="muted">fact ${num(f.seq ?? f.sequence)}${f.step ? html`, step <a
      href=${"#/why/" + f.step}>${f.step}</a>` : ""}</span></header>${f.body && f.body.reason &&
      html`<p>
      <${Said} text=${f.body.reason} /></p>`}<details><summary>All of it</summary><${Json}
      value=${f.body ?? f} /></details></article>`)}</div></${Card}>`}</${Got}></${Page}>`;
}

export default function Decisions({ route }) {
  const decisions = useGet(route.path[0] === "why" ? "" : "api/v1/decisions?limit=10000");
  if (route.path[0] === "why") return html`<${Why} subject=${route.path[1] || ""} />`;
  return html`<${Page} title="Decisions"
    lead="What the policy chose, and why. A decision not to act is
    written down too." tools=${html`<a href="#/why">Why the newest?</a>`}><${Got} of=${decisions}
    empty=${html`<${Empty} title="Nothing was decided yet">The first decision comes when a model
      serves and
    the loop looks for a reason to turn again.</${Empty}>`}>${(rows) => html`<${Card}
      wide><${Filters}
    rows=${rows} query=${route.query} /></${Card}><${Card} wide><${Feed} rows=${rows}
      query=${route.query}
    /></${Card}>`}</${Got}></${Page}>`;
}
