// Home: how the model does and how that is known, where the loop stands, what it waits for, what
// a person may do, and the process table.
import {
  html, useState, useGet, Page, Card, Badge, Got, Empty, Table, Time, Said, Facts, Fault, Code,
  num, percent, span, tone_of_result,
} from "./ui.js";
import { Acts } from "./acts.js";
import { Interval } from "./charts.js";

export const kStages = [
  ["Data Collection", "Collect", "Collect raw data from sources"],
  ["Data Preparation", "Prepare", "Clean and format data"],
  ["Model Training", "Train", "Train model on prepared data"],
  ["Model Evaluation", "Evaluate", "Test model accuracy and performance"],
  ["Model Deployment", "Deploy", "Deploy model to production"],
  ["Monitoring & Maintenance", "Monitor", "Track model performance and update"],
];

const kX = 250, kY = 196, kRadius = 132;
const place = (i) => {
  const angle = (-90 + 60 * i) * Math.PI / 180;
  return [kX + kRadius * Math.cos(angle), kY + kRadius * Math.sin(angle)];
};

/** Where the name of a stage stands: outside of the ring. */
function label(i) {
  const [x, y] = place(i);
  if (i === 0) return { x, y: y - 36, anchor: "middle" };
  if (i === 3) return { x, y: y + 50, anchor: "middle" };
  return i < 3 ? { x: x + 36, y: y + 6, anchor: "start" } : { x: x - 36, y: y + 6, anchor: "end" };
}

/** An arc of the circle from stage i to the next, with room for both. */
function arc(i, j) {
  const gap = 16 * Math.PI / 180, from = (-90 + 60 * i) * Math.PI / 180 + gap;
  const to = (-90 + 60 * j) * Math.PI / 180 - gap;
  const at = (angle) => `${kX + kRadius * Math.cos(angle)} ${kY + kRadius * Math.sin(angle)}`;
  return `M${at(from)} A${kRadius} ${kRadius} 0 0 1 ${at(to)}`;
}

const kTip = "M1 1 L8 5 L1 9";

export function Ring({ status }) {
  const at = kStages.findIndex(([name]) => name === status.stage);
  const state = status.paused ? "paused" : status.resting ? "at rest" : "working";
  const said = `The lifecycle: stage ${at + 1} of 6, ${status.stage}; ${state}.`;
  const still = status.resting || status.paused;
  return html`<svg class=${"ring " + (still ? "resting" : "working")} viewBox="0 0 500 396"
    role="img" aria-label=${said}><defs><marker id="tip" viewBox="0 0 10 10" refX="7" refY="5"
    markerWidth="7" markerHeight="7" orient="auto"><path d=${kTip} class="tip" /></marker><marker
    id="tip-back" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="7" markerHeight="7"
    orient="auto"><path d=${kTip} class="tip back" /></marker></defs>
    ${[0, 1, 2, 3, 4].map((i) => html`<path class="way" d=${arc(i, i + 1)}
      marker-end="url(#tip)" />`)}
    <path class="way back" d=${arc(5, 6)} marker-end="url(#tip-back)"><title>Back to Data
      Collection, when a problem is proved or there is enough new data</title></path>
    ${kStages.map(([name, short], i) => {
      const [x, y] = place(i), text = label(i);
      return html`<g class=${"stage" + (i === at ? " lit" : "")}><title>${name}</title>
        ${i === at && html`<circle class="halo" cx=${x} cy=${y} r="28" />`}
        <circle cx=${x} cy=${y} r="24" /><text x=${x} y=${y + 6} text-anchor="middle">${i + 1}
        </text><text class="name" x=${text.x} y=${text.y} text-anchor=${text.anchor}>${short}
        </text></g>`;
    })}
    <text class="state" x=${kX} y=${kY} text-anchor="middle">${state}</text>
    <text class="small" x=${kX} y=${kY + 24} text-anchor="middle">cycle ${
      num(status.cycles)}, step ${num(status.steps)}</text></svg>`;
}

/** The last step of each stage, beside the ring. */
function Stages({ status, history }) {
  const last = {};
  for (const step of history) last[step.stage] = step;
  const trained = last["Model Training"];
  // A deployment of before the last training is no result of it.
  const old = (step) => trained && step.stage === "Model Deployment"
    && step.started < trained.started;
  return html`<ol class="stages">${kStages.map(([name, , action]) => {
    const step = last[name];
    return html`<li class=${name === status.stage ? "lit" : ""} aria-current=${name ===
      status.stage
      ? "step" : undefined}><div><strong>${name}</strong><span
      class="muted">${action}</span></div>
      ${step ? html`<a href=${"#/why/" + step.step}>${old(step) && html`<small
      class="muted">earlier: </small>`}<${Badge}
      tone=${old(step) ? "plain" : tone_of_result(step.result)}>${
      step.result}</${Badge}></a>` : html`<span class="muted">not yet</span>`}</li>`;
  })}</ol>`;
}

/** What came of the last training: the question of whoever finds the same version as before. */
function Retraining({ history }) {
  const judged = [...history].reverse().find((step) => step.stage === "Model Evaluation");
  if (!judged) return null;
  return html`<${Card} title="The last retraining"><p><${Badge}
    tone=${tone_of_result(judged.result)}>${judged.result}</${Badge}> <span class="muted"><${Time}
    at=${judged.started} /></span></p><p class="reason"><${Said} text=${judged.reason} /></p><p><a
    href=${"#/why/" + judged.step}>Why</a></p></${Card}>`;
}

const graveness = (alerts) => {
  const open = ((alerts && alerts.alerts) || []).filter((a) => a.state !== "closed");
  if (open.some((a) => a.severity === "risk")) return "bad";
  return open.length ? "warn" : "good";
};

/** The first thing to read. The sentence is the server's own. */
function Verdict({ status, alerts }) {
  const tone = !status.champion ? "plain" : graveness(alerts);
  const open = ((alerts && alerts.alerts) || []).filter((a) => a.state !== "closed");
  return html`<section class=${"verdict " + tone}><p class="verdict-text">
    <${Said} text=${status.performs} /></p>
    <${Known} watch=${status.watch} champion=${status.champion} />
    ${open.length > 0 && html`<p class="verdict-alerts"><a href="#/monitoring">${num(open.length)}
      open
      ${open.length === 1 ? "alert" : "alerts"}</a>: <${Said} text=${open[open.length -
      1].sentence} />
      </p>`}</section>`;
}

function Known({ watch, champion }) {
  if (!champion) return null;
  if (!watch || !watch.judged_rows) {
    return html`<p class="known">Nothing is known from production yet: labels have to come back
      for
      predictions. Until then its evaluation speaks for it: <a href=${"#/models/v" +
      champion.version}>
      the card of v${champion.version}</a>.</p>`;
  }
  const told = (key) => (watch.unit || 1) * watch[key];
  return html`<div class="known"><p><a href="#/monitoring">How this is known</a>: ${
    num(watch.judged_rows)} ${watch.of === "pairs" ? "pairs of predictions" : "predictions"} of ${
    num(watch.judged_days)} days met their labels; the ${watch.loss || "loss"} is ${
    num(told("mean_loss"))}, ${watch.bound_of === "days served" ? "the days that it served prove"
      : "its evaluation promised"} at most ${num(told("risk_bound"))}.</p>
    <${Interval} low=${told("lower")} high=${told("upper")} value=${told("mean_loss")}
      marks=${[{ at: told("risk_bound"), label: `proved bound ${num(told("risk_bound"))}`, tone:
      "bound" }]}
      label=${`loss ${num(told("mean_loss"))}, between ${num(told("lower"))} and ${
      num(told("upper"))}; bound ${num(told("risk_bound"))}`} /><p class="key"><span
      class="key-value"></span> loss <span class="key-reach"></span> where it lies, with confidence
      <span class="key-bound"></span> proved bound</p>
    </div>`;
}

function actsOf(status, deployments) {
  const champion = status.champion && status.champion.version;
  const former = deployments && deployments.former;
  const acts = [];
  if (status.approval) {
    acts.push(["promote", { champion }, "Approve the model that waits", "primary"]);
    acts.push(["reject", { champion }, "Reject it"]);
  }
  acts.push(["trigger", {}, "Start a cycle"]);
  acts.push(status.paused ? ["resume", {}, "Resume"] : ["pause", {}, "Pause"]);
  if (champion && former) {
    acts.push(["rollback", { champion, former }, `Roll back to v${former}`]);
  }
  return acts;
}

function Rollout({ rollout }) {
  if (!rollout) return null;
  const title = rollout.phase === "stands in" ? `answers in place of v${rollout.champion}`
    : rollout.phase === "watched" ? "took over and is watched"
    : rollout.phase === "proves" ? "may prove to be better" : "is being rolled out";
  return html`<${Card} title=${`v${rollout.challenger} ${title}`}><p>${
    rollout.phase === "unseen" || rollout.phase === "proves"
    ? "It scores every request, and answers none." : rollout.phase === "watched"
    ? `v${rollout.champion} scores on, so that late labels can still bring it back.`
    : rollout.phase === "stands in" ? "Until the column is well again; nothing is trained of it."
    : `It answers ${num(rollout.share_percent)} % of the requests, v${rollout.champion} the
      rest.`}
    ${rollout.reason && html` <${Said} text=${rollout.reason} />`}</p><p><a href="#/serving">Who
      answers
    what</a></p></${Card}>`;
}

const kColumns = [
  { head: "step", number: true, show: (r) => html`<a href=${"#/why/" + r.step}
    title="why it came out so">${r.step}</a>` },
  { head: "current stage", show: (r) => r.stage },
  { head: "action", show: (r) => r.action },
  { head: "result", show: (r) => html`<${Badge}
    tone=${tone_of_result(r.result)}>${r.result}</${Badge}>` },
  { head: "next stage", show: (r) => r.next },
  { head: "started", show: (r) => html`<${Time} at=${r.started} />` },
  { head: "took", number: true, show: (r) => r.duration_ms ? span(r.duration_ms) : "\u2013" },
];

function History({ rows }) {
  const [more, set] = useState(false);
  const newest = [...rows].reverse();
  return html`<${Card} wide title="Process table"
    note="Newest first. A step's number leads to the reason
    of its result."><${Table} caption="Steps of the lifecycle" columns=${kColumns}
    rows=${more ? newest : newest.slice(0, 12)} keyOf=${(r) => r.step} />${newest.length > 12 &&
      !more
    && html`<button type="button" class="quiet" onClick=${() => set(true)}>Show ${newest.length -
      12} more
    </button>`}</${Card}>`;
}

function Tracker({ tracker, resting }) {
  const shown = tracker.slice(-14);
  return html`<${Card} wide title="Status tracker"><ol class="tracker">${shown.map((name, i) =>
    html`<li
    class=${(name === "rest" ? "rest" : "") + (i === shown.length - 1 ? " lit" :
      "")}>${name}</li>`)}</ol>
    ${resting && html`<span class="sr">at rest</span>`}</${Card}>`;
}

function Begin() {
  return html`<${Card} wide title="How to begin"><ol class="begin"><li><p>Tell Rondo where the
    rows are
    and what to predict. It looks at the data and writes <code>rondo.toml</code>.</p><${Code}
    label="in a shell" text="rondo init rows.csv --target COLUMN" /></li><li><p>Let the loop turn.
      This
    page shows each step while it happens.</p><${Code} label="in a shell" text="rondo run" /><p>Or
      start
    the first cycle from here, with the button above.</p></li><li><p>Ask for a prediction on the
      page <a
    href="#/serving">Serving</a>, and send labels back when they are
      known.</p></li></ol></${Card}>`;
}

function FromFile() {
  const projects = useGet("api/v1/projects");
  return html`<${Page} title="A model from a file"><${Got} of=${projects}>${(said) =>
    html`<${Card}>
    <p class="verdict-text">Version ${said.projects[0].version} answers from a pipeline file,
      without its
    project.</p>${(said.projects[0].alerts || []).map((a) => html`<p
      class="bad-text">${a}</p>`)}<p>The
    loop, its data and its decisions are in the project that exported the file. <a
      href="#/serving">Try
    the model</a>.</p></${Card}>`}</${Got}></${Page}>`;
}

export default function Lifecycle({ session }) {
  const status = useGet("api/v1/status");
  const history = useGet("api/v1/history?last=100");
  const alerts = useGet("api/v1/alerts");
  const deployments = useGet("api/v1/deployments");
  if (status.error && status.error.status === 501) return html`<${FromFile} />`;
  return html`<${Page} title="Lifecycle"><${Got} of=${status}>${(s) => html`
    <${Verdict} status=${s} alerts=${alerts.data} />
    ${s.problem && html`<div class="fault" role="alert"><p><strong>Step ${s.problem.step} (${
      s.problem.stage})</strong> <${Said} text=${s.problem.reason} /></p></div>`}
    <div class="home"><${Card} title="The loop"><div class="loop"><${Ring} status=${s}
      /><${Stages}
      status=${s} history=${history.data || []} /></div></${Card}>
    <div class="stack"><${Card} title="It waits for"><p class="waits"><${Said}
      text=${s.waiting_for} /></p>
      <${Acts} session=${session} acts=${actsOf(s, deployments.data)} /></${Card}>
      <${Rollout} rollout=${s.rollout} />
      <${Retraining} history=${history.data || []} />
      <${Card} title="At a glance"><${Facts} items=${[
        ["answers", s.answers ? html`<a href=${"#/models/v" + s.answers}>v${s.answers}</a>` :
        "no model"],
        ["policy", s.policy], ["rows", num(s.rows)], ["labelled", num(s.labelled)],
        ["cycles", num(s.cycles)],
        s.watch && s.watch.labels_due > 0 && ["labels in time",
          percent(s.watch.labels_in_time / s.watch.labels_due)]]} /></${Card}></div></div>
    ${!s.champion && s.rows === 0 && html`<${Begin} />`}
    ${s.tracker && s.steps > 0 && html`<${Tracker} tracker=${s.tracker} resting=${s.resting}
      />`}`}
  </${Got}>${history.error && history.error.status !== 501 && html`<${Fault}
    error=${history.error} />`}
  ${history.data && history.data.length > 0 && html`<${History} rows=${history.data} />`}
  ${history.data && history.data.length === 0 && html`<${Empty} title="No step was taken yet" />`}
  </${Page}>`;
}
