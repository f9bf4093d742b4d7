// Policies side by side over the recorded history. A backtest runs for minutes in a shell; its JSON
// is looked at here, in the browser alone.
import { html, useState, Page, Card, Empty, Fault, Table, Code, Time, num } from "./ui.js";
import { Dots } from "./charts.js";

const kPolicies = ["own", "never", "cron:1d", "cron:7d", "cron:30d"];

function Command() {
  const [chosen, set] = useState(["cron:7d", "own"]);
  const command = `rondo backtest --policy ${chosen.join(",")} --json > backtest.json`;
  const flip = (p) => set(chosen.includes(p) ? chosen.filter((c) => c !== p) : [...chosen, p]);
  const boxes = kPolicies.map((p) => html`<label class="check"><input type="checkbox"
    checked=${chosen.includes(p)} onChange=${() => flip(p)} /><span>${p}</span></label>`);
  return html`<${Card} title="Measure policies on your history" note="Each lives through the
    recorded history in a project of its own; nothing of this project changes.">
    <div class="stack"><div class="acts">${boxes}</div>${chosen.length > 0
      ? html`<${Code} label="in the project's folder" text=${command} />`
      : html`<p class="muted">Choose at least one.</p>`}</div></${Card}>`;
}

function Result({ told }) {
  const policies = told.policies || [];
  if (!policies.length) return html`<${Empty} title="This file holds no policies" />`;
  return html`<${Card} title=${told.metric ? `${told.metric} of each policy` : "Each policy"}
    note=${
    `Over ${num(told.rows ?? policies[0].rows)} rows that all of them answered; lower is
      better.`}><${Dots}
    label="each policy" rows=${policies.map((p) => ({ name: p.policy, value: p.value, low: p.low,
    high: p.high }))} /></${Card}><${Card} wide title="Costs and deeds"><${Table}
      caption="policies"
    rows=${policies} columns=${[{ head: "policy", show: (p) => p.policy },
      { head: told.metric || "value", number: true, show: (p) => num(p.value) },
      { head: "against the first", number: true, show: (p) => num((p.versus_first || {}).value) },
      { head: "worst week", number: true, show: (p) => p.worst_week ?
      html`${num(p.worst_week.value)}
        <small class="muted"><${Time} at=${p.worst_week.from} dayOnly /></small>` : "\u2013" },
      ...["cycles", "promotions", "refusals", "alarms", "cpu_s"].map((k) => ({ head: k === "cpu_s"
        ? "CPU seconds" : k, number: true, show: (p) => num(p[k]) }))]} /></${Card}><${Card}
      title="Put one to work" note="It is written into rondo.toml and recorded."><${Code}
      label="in the
      project's folder" text=${["rondo backtest --policy",
      policies.map((p) => p.policy).join(","), "--adopt"].join(" ")}
      /></${Card}>`;
}

export default function Backtest() {
  const [state, set] = useState({ told: null, error: null });
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
    happened."><${Command} /><${Card} title="Look at a result" note="The file stays in this
      browser."><label
    >backtest.json<input type="file" accept="application/json,.json" onChange=${read}
      /></label></${Card}>
    <${Fault} error=${state.error} />${state.told ? html`<${Result} told=${state.told} />` :
      html`<${Empty}
    title="Nothing to show yet">Rondo keeps no results of backtests, so this page shows the one
      that you open.
    </${Empty}>`}</${Page}>`;
}
