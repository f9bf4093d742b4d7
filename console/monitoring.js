// The risk over time beside its proved bound, alerts, and each column that moved.
import {
  html, useGet, useMemo, Page, Card, Badge, Got, Empty, Table, Time, Said, Facts, num, percent,
    setQuery,
} from "./ui.js";
import { Acts } from "./acts.js";
import { Series } from "./charts.js";
import { Heat } from "./heat.js";

/** In the loss's own unit. */
const told = (watch, key) => (watch.unit || 1) * watch[key];
const tones = { risk: "bad", quality: "warn", drift: "plain" };

/** The watch as each step of monitoring wrote it down, with what else happened. */
function Risk({ steps, deployed, signals, delay }) {
  const data = useMemo(() => {
    const points = steps.filter((f) => f.body.evidence && f.body.evidence.watch
      && f.body.evidence.watch.judged_rows > 0).map((f) => ({ at: Date.parse(f.at),
      ...f.body.evidence.watch }));
    return {
      times: points.map((p) => p.at),
      series: [
        { label: "loss", values: points.map((p) => told(p, "mean_loss")), tone: "--accent", dots:
        points.length < 60 },
        { label: "lowest", values: points.map((p) => told(p, "lower")), tone: "--muted", width: 1 },
        { label: "highest", values: points.map((p) => told(p, "upper")), tone: "--muted",
          width: 1 },
        { label: "proved bound", values: points.map((p) => told(p, "risk_bound")), tone: "--bad",
          dash: [6, 4] },
      ],
    };
  }, [steps]);
  const marks = useMemo(() => [
    ...deployed.map((f) => ({ at: Date.parse(f.at), tone: "--accent" })),
    ...signals.filter((f) => f.body.open && f.body.kind === "risk").map((f) => ({ at:
      Date.parse(f.body.since),
      tone: "--bad" })),
    ...(delay > 0 && data.times.length ? [{ at: data.times[data.times.length - 1] - 1000 * delay,
      tone: "--muted" }] : []),
  ], [deployed, signals, data, delay]);
  if (data.times.length < 2) {
    return html`<${Empty} title="No course to draw yet">A point comes with each step of monitoring
      that has
      judged labels; there ${data.times.length === 1 ? "is one" : "is none"} so far.</${Empty}>`;
  }
  return html`<${Series} ...${data} marks=${marks} label="loss over time, with its bounds" />
    <p class="muted">Dashed lines across: a deployment, an alarm of the risk, and in grey
      the label delay: what is newer is judged once its labels are due. Drag to look
      closer, click
    twice to see all.</p>`;
}

function Now({ watch, performs }) {
  if (!watch || watch.judged_rows === undefined) {
    return html`<${Empty} title="Nothing is watched yet">Monitoring begins with the first
      deployment.
      </${Empty}>`;
  }
  return html`<div class="stack"><p class="verdict-text"><${Said} text=${performs} /></p><${Facts}
    items=${[
    [`judged ${watch.of || "rows"}`, num(watch.judged_rows)], ["judged days",
      num(watch.judged_days)],
    [watch.loss || "loss", num(told(watch, "mean_loss"))],
    ["on its test rows", num(told(watch, "test_risk"))],
    ["proved bound", num(told(watch, "risk_bound"))],
    ["lies between", `${num(told(watch, "lower"))} and ${num(told(watch, "upper"))}`],
    ["evidence of harm", `${num(watch.evidence)} of ${num(watch.threshold)}`],
    ["labels in time", watch.labels_due ? percent(watch.labels_in_time / watch.labels_due) :
      "none due"],
    ["kept out", num(watch.withheld_rows)]]} /></div>`;
}

function Alert({ alert, session }) {
  const open = alert.state !== "closed";
  return html`<article id=${alert.id}><header><${Badge} tone=${open ? tones[alert.severity] :
    "plain"}>${
    alert.severity}</${Badge}><strong>${alert.id}</strong><span>${alert.state}</span><span
      class="muted">since
    <${Time} at=${alert.since} />${alert.closed && html`, closed <${Time} at=${alert.closed}
      />`}${
    alert.came > 1 ? `, came ${alert.came} times` : ""}</span></header><p><${Said}
      text=${alert.sentence} /></p>
    ${alert.keeps_rows_out && html`<p class="muted">Its rows are kept out of training.</p>`}
    ${open && alert.next && html`<p class="muted">Next: <${Said} text=${alert.next} /></p>`}
    ${alert.acknowledged && html`<p class="muted">${alert.acknowledged.who}:
      ${alert.acknowledged.why}</p>`}
    ${open && html`<${Acts} session=${session} acts=${[["ack", { alert: alert.id },
      "Acknowledge"],
      ["snooze", { alert: alert.id }, "Snooze"]]} />`}</article>`;
}

function Budget({ budget }) {
  if (!budget || !budget.since) return null;
  const opened = Object.values(budget.opened).reduce((a, b) => a + b, 0);
  return html`<p class="muted">Since <${Time} at=${budget.since} dayOnly /> one expects ${
    num(budget.expected)} false alarms at ${num(budget.false_alarms_per_year)} a year;
      ${num(opened)} signals
    under that budget opened.</p>`;
}

function Shifts({ shifts, together }) {
  if (!Array.isArray(shifts) || !shifts.length) return null;
  return html`<${Card} wide title="Shift of inputs" note="For each clock, the column that has moved
    most against what its windows did in training. An alert opens when the evidence reaches 1.">
    <${Table} caption="shift of inputs" rows=${together ? [...shifts, { clock: "rows",
      column: "(columns together)", evidence: together.evidence, columns: together.columns }]
      : shifts} columns=${[
      { head: "windows of", show: (r) => r.clock },
      { head: "column", show: (r) => r.column || "\u2013" },
      { head: "evidence", number: true, show: (r) => num(r.evidence) },
      { head: "windows seen", number: true, show: (r) => r.windows === undefined ? "\u2013" :
        num(r.windows) },
      { head: "columns watched", number: true, show: (r) => num(r.columns) }]} /></${Card}>`;
}

function Signals({ signals }) {
  const rows = signals.slice(0, 200);
  return html`<${Card} wide title="Signals"
    note="Each opening and each end, newest first."><${Table}
    caption="signals of monitoring" rows=${rows} keyOf=${(s) => s.sequence} columns=${[
      { head: "when", show: (s) => html`<${Time} at=${s.at} />` },
      { head: "kind", show: (s) => html`<${Badge} tone=${s.open ? "warn" :
      "plain"}>${s.kind}${s.open ? ""
        : " ended"}</${Badge}>` },
      { head: "about", show: (s) => s.subject },
      { head: "what", show: (s) => html`<${Said} text=${s.sentence} />` }]} /></${Card}>`;
}

export default function Monitoring({ route, session }) {
  const all = route.query.all === "true";
  const status = useGet("api/v1/status");
  const alerts = useGet("api/v1/alerts" + (all ? "?all=true" : ""));
  const signals = useGet("api/v1/signals");
  const steps = useGet("api/v1/facts?kind=step_finished");
  const deployed = useGet("api/v1/facts?kind=deployed");
  const told = useGet("api/v1/facts?kind=signal");
  return html`<${Page} title="Monitoring"><${Card} title="The model now"><${Got}
    of=${status}>${(s) => html`
    <${Now} watch=${s.watch} performs=${s.performs} />`}</${Got}></${Card}>
    <${Card} wide title="Risk over time"><${Got} of=${steps}>${(f) => html`<${Risk} steps=${f}
    deployed=${deployed.data || []} signals=${told.data || []}
    delay=${status.data && status.data.watch ? status.data.watch.label_delay_s : 0} />`}</${Got}>
    </${Card}>
    <${Card} wide title="Alerts" tools=${html`<label class="check"><input type="checkbox"
      checked=${all}
    onChange=${(e) => setQuery({ all: e.target.checked ? "true" : "" })} /><span>also those that
      are over</span>
    </label>`}><${Got} of=${alerts}>${(a) => html`<${Budget} budget=${a.budget}
      />${a.alerts.length
    ? html`<div class="feed">${[...a.alerts].reverse().map((one) => html`<${Alert} key=${one.id}
      alert=${one}
    session=${session} />`)}</div>` : html`<p>No alert is open.</p>`}`}</${Got}></${Card}>
    <${Card} wide title="Columns by window" note="The share of rows where no window of the training
      had them: pale none, red all, grey not judged. Choose a place to see its bins.">
      <${Heat} query=${route.query} /></${Card}>
    ${status.data && status.data.watch && html`<${Shifts} together=${status.data.watch.together}
      shifts=${status.data.watch.shifts} />`}
    ${signals.data && signals.data.length > 0 && html`<${Signals} signals=${signals.data}
      />`}</${Page}>`;
}
