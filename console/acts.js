// What a person may decide. Each asks for a reason, shows first what will happen, and says
// afterwards what did.
import { post } from "./api.js";
import { html, useState, useEffect, useRef, useGet, drawn, Fault, Said, num, span } from "./ui.js";

/** A modal dialog; the browser keeps the focus inside and closes it with Escape. */
export function Dialog({ title, onClose, children }) {
  const box = useRef(null);
  useEffect(() => {
    box.current.showModal();
  }, []);
  return html`<dialog ref=${box} aria-labelledby="dialog-title" onClose=${onClose}
    onClick=${(e) => e.target === box.current && box.current.close()}><div class="dialog-body">
    <h2 id="dialog-title">${title}</h2>${drawn(children)(() => box.current.close())}</div>
    </dialog>`;
}

const stepText = (step) => step.runs === "no" ? "does not run" :
  step.runs === "yes" ? "runs" : "perhaps" + (step.when ? ": " + step.when : "");

/** What the loop's own plan says of its next turn. */
function Plan() {
  const plan = useGet("api/v1/plan", { live: false });
  if (plan.error) return html`<${Fault} error=${plan.error} />`;
  if (!plan.data) return null;
  const { begins, decision, held, steps = [], total } = plan.data;
  return html`<div class="plan"><p class="muted">The loop's plan as it stands now${begins
    ? html`: a turn begins with <strong>${begins}</strong>` : ": it rests"}.</p>
    ${decision && html`<p><${Said} text=${decision.reason} /></p>`}
    ${held && html`<p><${Said} text=${typeof held === "string" ? held : held.reason || ""}
      /></p>`}
    ${steps.length > 0 && html`<ol>${steps.map((s) => html`<li><strong>${s.stage}</strong> <span
      class="muted">${stepText(s)}${s.cost ? `, about ${span(1000 * s.cost.wall_s)} before` : ""}
      </span></li>`)}</ol>`}
    ${total && total.wall_s > 0 && html`<p class="muted">Together about ${span(1000 *
      total.wall_s)}, as
      the last turns took.</p>`}</div>`;
}

export const kActs = {
  trigger: { title: "Start a cycle", role: "trainer", button: "Start",
    what: () => html`<p>A cycle begins at the loop's next turn: it collects, prepares, trains and
      evaluates. A model is deployed only if it wins its evaluation.</p><${Plan} />` },
  pause: { title: "Pause the loop", role: "trainer", button: "Pause",
    what: () => html`<p>No cycle starts until somebody resumes the loop. Predictions go on; a step
      that runs now is finished.</p>` },
  resume: { title: "Let the loop go on", role: "trainer", button: "Resume",
    what: () => html`<p>The loop decides again when a cycle starts.</p><${Plan} />` },
  promote: { title: "Promote a version", role: "deployer", button: "Promote",
    what: ({ version, champion }) => html`<p>${version ? `v${version}` : "The model that waits"}
      answers every request from then on. ${champion ? `v${champion} stays ready for a rollback.`
      : ""}</p>` },
  reject: { title: "Reject the model that waits", role: "deployer", button: "Reject",
    what: ({ champion }) => html`<p>The model that waits is not deployed. ${champion
      ? `v${champion} goes on answering.` : "No model answers, as before."}</p>` },
  rollback: { title: "Roll back", role: "deployer", button: "Roll back",
    what: ({ champion, former }) => html`<p>v${former} answers every request again, at once.
      v${champion} stays in the registry.</p>` },
  adopt: { title: "Put a policy to work", role: "deployer", button: "Adopt",
    what: ({ policy, against, versus, sure }) => html`<p><strong>${policy}</strong> is written into
      rondo.toml and at work from the next start of rondo up.</p>${
      typeof versus.value === "number" && html`<p>Against ${against} the error differed by ${
      num(versus.value)} (${num(versus.low)} to ${num(versus.high)})${sure ? "."
      : ": the interval covers 0, so this may be luck."}</p>`}` },
  ack: { title: "Acknowledge an alert", role: "trainer", button: "Acknowledge",
    what: ({ alert }) => html`<p>Reminders of ${alert} stop until it becomes graver. What is kept
      out
      of training stays out.</p>` },
  snooze: { title: "Snooze an alert", role: "trainer", button: "Snooze",
    what: ({ alert }) => html`<p>Reminders of ${alert} stop for a time, or until it becomes
      graver.</p>` },
};

const pathOf = (act, about) => act === "adopt" ? "api/v1/backtest/adopt" : about.alert
  ? `api/v1/alerts/${encodeURIComponent(about.alert)}/${act}` : `api/v1/${act}`;

export function ActDialog({ act, about = {}, session, onClose }) {
  const [why, setWhy] = useState(""), [length, setLength] = useState("1d");
  const [state, set] = useState({ busy: false, error: null, done: null });
  const key = useRef("console-" + crypto.randomUUID());
  const kind = kActs[act];
  const may = session && (session.roles.includes(kind.role) || session.roles.includes("admin"));
  const send = async (event) => {
    event.preventDefault();
    set({ busy: true, error: null, done: null });
    const body = act === "adopt" ? { why: why.trim(), policy: about.policy }
      : { why: why.trim(), key: key.current };
    if (act === "promote" && about.version) body.version = about.version;
    if (act === "snooze") body.for = length;
    try {
      set({ busy: false, error: null, done: await post(pathOf(act, about), body) });
    } catch (error) {
      set({ busy: false, error, done: null });
    }
  };
  return html`<${Dialog} title=${kind.title} onClose=${onClose}>${(close) => state.done
    ? html`<p class="done" role="status">Recorded, with your reason.${state.done.champion
        ? ` v${state.done.champion} answers.` : ""}</p><div class="dialog-tools"><button
        type="button"
        class="primary" autofocus onClick=${close}>Close</button></div>`
    : html`<form onSubmit=${send}><div class="happens">${kind.what(about)}</div>
      ${!may && html`<div class="fault"><p>This needs the role <strong>${kind.role}</strong>; you
      are
        ${session ? session.who : "unknown"}. <a href="#/login">Sign in with a
        token</a>.</p></div>`}
      ${act === "snooze" && html`<label>For how long<select value=${length}
        onChange=${(e) => setLength(e.target.value)}><option value="1h">an hour</option><option
        value="1d">a day</option><option value="7d">a week</option><option value="30d">30
        days</option>
        </select></label>`}
      <label>Why<textarea required rows="3" value=${why} disabled=${!may} autofocus=${may}
        onInput=${(e) => setWhy(e.target.value)}
        placeholder="It is recorded with your name."></textarea>
      </label><${Fault} error=${state.error} />
      <div class="dialog-tools"><button type="button" onClick=${close}>Cancel</button><button
        class="primary" disabled=${!may || state.busy || !why.trim()}>${state.busy ?
        "Asking the loop"
        : kind.button}</button></div></form>`}</${Dialog}>`;
}

/** Buttons that open the dialog: acts = [[act, about, label]]. */
export function Acts({ acts, session }) {
  const [open, set] = useState(null);
  return html`<div class="acts">${acts.map(([act, about, label, tone]) => html`<button
    type="button"
    class=${tone || ""} onClick=${() => set({ act, about })}>${label}</button>`)}
    ${open && html`<${ActDialog} ...${open} session=${session} onClose=${() => set(null)}
      />`}</div>`;
}
