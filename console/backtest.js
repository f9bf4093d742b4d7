// Policies side by side over the recorded history: measured from here, or looked at from the JSON
// that `rondo backtest` printed; one of them put to work.
import { post } from "./api.js";
import { html, useGet, useState, Page, Card, Empty, Fault, Got, Table, Code, Time, num, percent }
  from "./ui.js";
import { Acts } from "./acts.js";
import { Dots } from "./charts.js";

const kPolicies = ["own", "never", "always", "cron:7d", "schedule:30d", "drift", "performance",
  "cost"];

const kDeeds = [["cycles", "cycles"], ["promotions", "promotions"],
  ["false_cycles", "false cycles"], ["refusals", "refusals"], ["alarms", "alarms"],
  ["cpu_s", "CPU seconds"], ["cost", "cost"], ["cost_ratio", "cost/best"]];

function Begin({ session, running }) {
  const [chosen, set] = useState(["never", "cron:7d", "own"]), [from, setFrom] = useState("");
  const [error, setError] = useState(null);
  const may = session && (session.roles.includes("trainer") || session.roles.includes("admin"));
  const flip = (p) => set(chosen.includes(p) ? chosen.filter((c) => c !== p) : [...chosen, p]);
  const boxes = kPolicies.map((p) => html`<label class="check"><input type="checkbox"
    checked=${chosen.includes(p)} onChange=${() => flip(p)} /><span>${p}</span></label>`);
  const since = from ? ` --from ${from}` : "";
  const command = `rondo backtest --policy ${chosen.join(",")}${since} --json > backtest.json`;
  const begin = async (event) => {
    event.preventDefault();
    try {
      await post("api/v1/backtest/start", { policies: chosen, ...(from ? { from } : {}) });
      setError(null);
    } catch (fault) {
      setError(fault);
    }
  };
  return html`<${Card} title="Measure policies on your history" note="Each lives through the
    recorded history in a project of its own, at low priority; nothing of this project changes.">
    <form class="stack" onSubmit=${begin}><div class="acts">${boxes}</div>
    <label>First decision<input type="date" value=${from}
      onInput=${(e) => setFrom(e.target.value)} /></label>
    ${!may && html`<p class="muted">Starting one needs the role trainer. <a href="#/login">Sign in
      with a token</a>, or run the command.</p>`}<${Fault} error=${error} />
    <div class="acts"><button class="primary" disabled=${!may || running || !chosen.length}>${
    running ? "One runs" : "Measure"}</button></div>
    ${chosen.length > 0 && html`<${Code} label="the same in the project's folder"
      text=${command} />`}</form></${Card}>`;
}

function Running({ told }) {
  const [error, setError] = useState(null);
  const stop = () => post("api/v1/backtest/stop", {}).then(() => setError(null), setError);
  return html`<${Card} title="At work"><div class="stack" role="status">${told.policies.map((p) => {
    const done = told.progress[p] || 0;
    return html`<label>${p}: ${percent(done)}<progress max="1" value=${done} /></label>`;
  })}<p class="muted">Begun <${Time} at=${told.began} />. The best possible and intervals come at
    the end.</p><${Fault} error=${error} /><div class="acts"><button type="button"
    onClick=${stop}>Stop it</button></div></div></${Card}>`;
}

function Last({ told, session }) {
  if (told.state === "stopped") return html`<p>The last backtest was stopped.</p>`;
  if (told.state === "failed") {
    return html`<${Fault} error=${{ message: "The backtest failed", hint: told.why }} />`;
  }
  return told.result ? html`<${Result} told=${told.result} session=${session} here />` : null;
}

function Result({ told, session, here = false }) {
  const policies = told.policies || [];
  if (!policies.length) return html`<${Empty} title="This file holds no policies" />`;
  return html`<${Card} title=${told.metric ? `${told.metric} of each policy` : "Each policy"}
    note=${
    `Over ${num(told.rows ?? policies[0].rows)} rows that all of them answered; lower is
      better.${told.label_delay ? ` Labels came ${told.label_delay} after their rows, whatever
      rondo.toml says.` : ""}`}><${Dots}
    label="each policy" rows=${policies.map((p) => ({ name: p.policy, value: p.value, low: p.low,
    high: p.high }))} /></${Card}><${Card} wide title="Costs and deeds" note=${
    costNote(told)}><${Table}
      caption="policies"
    rows=${policies} columns=${[{ head: "policy", show: (p) => p.policy },
      { head: told.metric || "value", number: true, show: (p) => num(p.value) },
      { head: "against the first", number: true, show: (p) => num((p.versus_first || {}).value) },
      { head: "worst week", number: true, show: (p) => p.worst_week ?
      html`${num(p.worst_week.value)}
        <small class="muted"><${Time} at=${p.worst_week.from} dayOnly /></small>` : "\u2013" },
      ...kDeeds.map(([k, head]) => ({ head, number: true, show: (p) => num(p[k]) }))]} /></${
    Card}><${Card}
      title="Put one to work" note="It is written into rondo.toml, recorded with your reason, and
      at work from the next start of rondo up.">${told.label_delay
      ? html`<p class="muted">Not this one: what pays off with labels that come at another time need
      not with yours. Measure without --label-delay.</p>` : here
      ? html`<${Acts} session=${session} acts=${policies.filter((p) => p.policy !== "own")
        .map((p) => ["adopt", gainOf(p, policies), `Adopt ${p.policy}`])} />`
      : html`<${Code} label="in the project's folder" text=${["rondo backtest --policy",
        policies.map((p) => p.policy).join(","), "--adopt"].join(" ")} />`}</${Card}>`;
}

/** What a cycle costs, when one is false, and what could have been had. */
function costNote(told) {
  const best = told.best_possible;
  return best ? `A cycle costs ${num(best.prices.cost_of_cycle)}, a unit of loss ${
    num(best.prices.cost_per_error)}. A false cycle promoted nothing, or its model saved less than
    a cycle costs while it served. The best possible, in hindsight alone, costs ${
    num(best.cost)} with ${num(best.cycles)} cycles.` : undefined;
}

/** What the dialog shows before anybody says yes: the difference to the first policy. */
function gainOf(p, policies) {
  const versus = p.versus_first || {};
  const sure = typeof versus.low === "number" && (versus.low > 0 || versus.high < 0);
  return { policy: p.policy, against: policies[0].policy, versus, sure };
}

export default function Backtest({ session }) {
  const [state, set] = useState({ told: null, error: null });
  const last = useGet("api/v1/backtest", { every: 1000 });
  const running = Boolean(last.data && last.data.state === "running");
  const read = async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    try {
      set({ told: JSON.parse(await file.text()), error: null });
    } catch {
      set({ told: null, error: { message: `${file.name} is no JSON`,
        hint: "it is what `rondo backtest --json` prints" } });
    }
  };
  return html`<${Page} title="Backtest"
    lead="Which policy would have served you best? It is measured on what
    happened."><${Begin} session=${session} running=${running} /><${Got} of=${last}>${(told) =>
    told.state === "running" ? html`<${Running} told=${told} />`
      : html`<${Last} told=${told} session=${session} />`}</${Got}><${Card}
    title="Look at another result" note="The file stays in this browser."><label
    >backtest.json<input type="file" accept="application/json,.json" onChange=${read}
      /></label></${Card}>
    <${Fault} error=${state.error} />${state.told && html`<${Result} told=${state.told}
      />`}</${Page}>`;
}
