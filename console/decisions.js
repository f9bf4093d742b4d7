// What was decided and why, each "no" too; and one decision as a page that can be sent on.
import {
  html, useEffect, useMemo, useRef, useState, useGet, Page, Card, Badge, Got, Empty, Time, Said,
  Json, Copy, Facts, num, setQuery,
} from "./ui.js";

const answerTone = (answer) => answer === "yes" || answer === "promote" ? "good"
  : answer === "roll back" ? "bad" : "plain";

/** What is folded up is not drawn: there may be thousands. */
function Numbers({ numbers }) {
  const [open, set] = useState(false);
  if (!Object.keys(numbers || {}).length) return null;
  return html`<details onToggle=${(e) => set(e.target.open)}><summary>Its numbers</summary>${open
    && html`<${Unfolded} numbers=${numbers} />`}</details>`;
}

function Unfolded({ numbers }) {
  const plain = Object.entries(numbers).filter(([, v]) => typeof v === "number");
  return html`${plain.length > 0 && html`<${Facts}
    items=${plain.map(([name, v]) => [name.replaceAll("_", " "), num(v)])} />`}
    ${plain.length < Object.keys(numbers).length && html`<${Json} value=${numbers} />`}`;
}

function Entry({ one }) {
  return html`<article><header><${Badge} tone=${answerTone(one.answer)}>${one.answer}</${Badge}>
    <strong>${one.about}</strong><${Time} at=${one.at} />${one.window && html`<span
      class="muted">window
    from <${Time} at=${one.window} /></span>`}<span class="muted">fact
      ${num(one.sequence)}</span></header>
    <p><${Said} text=${one.reason} /></p><${Numbers} numbers=${one.numbers} /></article>`;
}

const PART = 20;           // entries that come and go together
const NEAR = "1200px";     // so far beyond the window they are there already

/** The newest part is the one that grows, so that a new decision moves no entry to another. */
function parts(rows) {
  const out = [];
  for (let end = rows.length; end > 0; end -= PART) {
    out.unshift(rows.slice(Math.max(0, end - PART), end));
  }
  return out;
}

/** Entries while they are near the window, else a place as high as they were. */
function Part({ rows }) {
  const box = useRef(null), high = useRef(0);
  const [near, set] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver((seen) => {
      const one = seen.at(-1);
      if (!one.isIntersecting && box.current.firstChild) high.current = box.current.offsetHeight;
      set(one.isIntersecting);
    }, { rootMargin: NEAR });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const held = useMemo(() => near && rows.map((r) => html`<${Entry} key=${r.sequence} one=${r}
    />`), [near, rows]);
  return html`<div ref=${box} style=${near ? {} : { height: high.current
    ? `${high.current}px` : `${6 * rows.length}rem` }}>${held}</div>`;
}

/** Ten thousand decisions are one page to scroll through; those that are far away are not drawn. */
function Feed({ rows, query }) {
  const text = (query.q || "").toLowerCase();
  const kept = rows.filter((r) => (!query.about || r.about === query.about)
    && (!query.answer || r.answer === query.answer)
    && (!text || String(r.reason).toLowerCase().includes(text)));
  if (!kept.length) return html`<${Empty} title="No decision fits these filters" />`;
  return html`<p class="muted" role="status">${num(kept.length)} of ${num(rows.length)}
    decisions</p>
    <div class="feed">${parts(kept).map((part) => html`<${Part}
      key=${part[part.length - 1].sequence} rows=${part} />`)}</div>`;
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
