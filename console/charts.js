// Small drawings in SVG, and uPlot for what has many points; that one is loaded when it is needed.
import { html, num, useEffect, useRef } from "./ui.js";

const range = (values) => {
  const finite = values.filter((v) => typeof v === "number" && Number.isFinite(v));
  if (!finite.length) return [0, 1];
  const low = Math.min(...finite), high = Math.max(...finite);
  const air = high > low ? (high - low) * 0.05 : Math.max(Math.abs(high) * 0.1, 1e-9);
  return [low - air, high + air];
};

/** A value with its interval on a scale, and marks: [{at, label, tone}]. */
export function Interval({ low, high, value, marks = [], label }) {
  const all = [low, high, value, ...marks.map((m) => m.at)];
  const [a, b] = range(all);
  const x = (v) => 2 + 96 * (v - a) / (b - a);
  const said = label || `${num(value)}, between ${num(low)} and ${num(high)}`;
  return html`<svg class="interval" viewBox="0 0 100 14" preserveAspectRatio="none" role="img"
    aria-label=${said}><line class="axis" x1="0" x2="100" y1="7" y2="7" />
    ${Number.isFinite(low) && Number.isFinite(high) && html`<line class="reach" x1=${x(low)}
      x2=${x(high)} y1="7" y2="7" />`}
    ${marks.map((m) => Number.isFinite(m.at) && html`<line class=${"mark " + (m.tone || "")}
      x1=${x(m.at)} x2=${x(m.at)} y1="1" y2="13"><title>${m.label}</title></line>`)}
    ${Number.isFinite(value) && html`<line class="value" x1=${x(value)} x2=${x(value)} y1="3"
      y2="11" />`}</svg>`;
}

/** Rows of {name, value, low, high, note} as dots with intervals on one common scale. */
export function Dots({ rows, zero = false, good, label }) {
  const [a, b] = range([...rows.flatMap((r) => [r.value, r.low, r.high]), ...(zero ? [0] : [])]);
  const x = (v) => 100 * (v - a) / (b - a);
  const tone = (r) => good ? good(r) : "";
  const line = (kind, from, to, y1, y2) => Number.isFinite(from) && Number.isFinite(to) && html`
    <line class=${kind} x1=${x(from)} x2=${x(to)} y1=${y1} y2=${y2} />`;
  return html`<div class="dots" role="img" aria-label=${label}>${rows.map((r) => html`<div
    class="dots-row"><span class="dots-name" title=${r.name}>${r.name}</span><svg
    viewBox="0 0 100 16" preserveAspectRatio="none">${zero && line("zero", 0, 0, 0, 16)}
    <line class="axis" x1="0" x2="100" y1="8" y2="8" />
    ${Number.isFinite(r.low) && line("reach " + tone(r), r.low, r.high, 8, 8)}
    ${line("value " + tone(r), r.value, r.value, 3, 13)}</svg><span class="dots-value">${
    num(r.value)}${Number.isFinite(r.low) && html` <small>${num(r.low)} to ${num(r.high)}</small>`}
    </span></div>`)}</div>`;
}

/** Signed bars, greatest first: what each column adds to a score. */
export function Contributions({ values, most = 14 }) {
  const rows = Object.entries(values).sort((p, q) => Math.abs(q[1]) - Math.abs(p[1]));
  const shown = rows.slice(0, most);
  const top = Math.max(1e-12, ...shown.map(([, v]) => Math.abs(v)));
  return html`<div class="contributions">${shown.map(([name, v]) => html`<div
    class="con-row"><span
    class="con-name" title=${name}>${name}</span><svg viewBox="-100 0 200 14"
    preserveAspectRatio="none" aria-hidden="true"><line class="zero" x1="0" x2="0" y1="0" y2="14"
      />
    <rect class=${v < 0 ? "less" : "more"} x=${v < 0 ? 100 * v / top : 0} y="2"
      width=${Math.abs(100 * v / top)} height="10" /></svg><span class="con-value">${v > 0 ? "+" :
      ""}${
    num(v)}</span></div>`)}${rows.length > shown.length && html`<p class="muted">and ${
    rows.length - shown.length} smaller ones</p>`}</div>`;
}

/** Shares from 0 to 1 as bars. rows: [{name, share, note}]. */
export const Shares = ({ rows }) => html`<div class="contributions">${rows.map((r) => html`<div
  class="con-row"><span class="con-name" title=${r.name}>${r.name}</span><svg viewBox="0 0 100 14"
  preserveAspectRatio="none" aria-hidden="true"><rect class="more" x="0" y="2"
  width=${Math.max(0.5, 100 * r.share)} height="10" /></svg><span
    class="con-value">${r.note}</span>
  </div>`)}</div>`;

/** counts of equal bins. */
export function Histogram({ counts, low, high, label }) {
  const top = Math.max(1, ...counts);
  const wide = 100 / counts.length;
  return html`<figure class="histogram"><svg viewBox="0 0 100 36" preserveAspectRatio="none"
    role="img" aria-label=${label}>${counts.map((c, i) => html`<rect x=${i * wide + 0.2}
    width=${Math.max(0.2, wide - 0.4)} y=${36 - 36 * c / top} height=${36 * c /
      top}><title>${num(c)}
    </title></rect>`)}</svg><figcaption><span>${low}</span><span>
    ${high}</span></figcaption></figure>`;
}

/** points: [{x, y, low, high, title}] on a plane with a diagonal. */
export function Plane({ points, xName, yName, line = false, unit = false }) {
  const both = unit ? [0, 1] : range(points.flatMap((p) => [p.x, p.y, p.low, p.high]));
  const sx = (v) => 48 + 340 * (v - both[0]) / (both[1] - both[0]);
  const sy = (v) => 250 - 236 * (v - both[0]) / (both[1] - both[0]);
  const ticks = [0, 1, 2, 3, 4].map((i) => i === 4 ? both[1]
    : both[0] + (both[1] - both[0]) * i / 4);
  return html`<svg class="plane" viewBox="0 0 400 292" role="img" aria-label=${`${yName} by
    ${xName}`}>
    ${ticks.map((t) => html`<line class="grid" x1="48" x2="388" y1=${sy(t)} y2=${sy(t)} /><text
      x="42"
      y=${sy(t) + 4} text-anchor="end">${num(t)}</text><text x=${sx(t)} y="267"
      text-anchor=${t === both[1] ? "end" : "middle"}>${num(t)}</text>`)}
    <line class="diagonal" x1=${sx(both[0])} y1=${sy(both[0])} x2=${sx(both[1])} y2=${sy(both[1])}
      />
    ${line && html`<polyline class="curve" points=${points.map((p) => `${sx(p.x)},${sy(p.y)}`)
      .join(" ")} />`}
    ${!line && points.map((p) => html`${Number.isFinite(p.low) && html`<line class="whisker"
      x1=${sx(p.x)} x2=${sx(p.x)} y1=${sy(p.low)} y2=${sy(p.high)} />`}<circle cx=${sx(p.x)}
      cy=${sy(p.y)} r="4"><title>${p.title}</title></circle>`)}
    <text x="218" y="288" text-anchor="middle">${xName}</text>
    <text x="48" y="9">${yName}</text></svg>`;
}

// Time series ------------------------------------------------------------------------------

let plot = null;
function loaded() {
  if (!plot) {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("./uplot.css", import.meta.url).href;
    document.head.append(sheet);
    plot = import("./uplot.js").then((module) => module.default);
  }
  return plot;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** light-dark() as the canvas needs it: what the browser made of it. */
export function inkOf(name) {
  const probe = document.createElement("i");
  probe.style.color = color(name);
  document.body.append(probe);
  const made = getComputedStyle(probe).color;
  probe.remove();
  return made;
}

/** series: [{label, values, tone, dash, dots}], times in ms, marks: [{at, label, tone}]. */
export function Series({ times, series, marks = [], label, height = 260 }) {
  const box = useRef(null);
  useEffect(() => {
    let chart = null, gone = false;
    const resize = new ResizeObserver(() => chart && box.current &&
      chart.setSize({ width: box.current.clientWidth, height }));
    const draw = async () => {
      const Plot = await loaded();
      if (gone || !box.current) return;
      if (chart) chart.destroy();
      chart = new Plot(optionsOf({ series, marks, width: box.current.clientWidth, height }),
        [times.map((t) => t / 1000), ...series.map((s) => s.values)], box.current);
    };
    draw();
    resize.observe(box.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    addEventListener("rondo-theme", draw);
    return () => {
      gone = true;
      resize.disconnect();
      dark.removeEventListener("change", draw);
      removeEventListener("rondo-theme", draw);
      if (chart) chart.destroy();
    };
  }, [times, series, marks, height]);
  return html`<div class="series" ref=${box} role="img" aria-label=${label}></div>`;
}

function optionsOf({ series, marks, width, height }) {
  const ink = inkOf("--muted"), grid = inkOf("--line");
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 },
    font: "12px system-ui, sans-serif" };
  const drawMarks = (chart) => {
    const { ctx } = chart;
    ctx.save();
    for (const mark of marks) {
      const x = Math.round(chart.valToPos(mark.at / 1000, "x", true));
      if (x < chart.bbox.left || x > chart.bbox.left + chart.bbox.width) continue;
      ctx.strokeStyle = inkOf(mark.tone || "--accent");
      ctx.setLineDash([4, 4]);
      ctx.beginPath();
      ctx.moveTo(x, chart.bbox.top);
      ctx.lineTo(x, chart.bbox.top + chart.bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  return {
    width, height,
    cursor: { drag: { x: true, y: false } },
    legend: { live: true },
    hooks: { draw: [drawMarks] },
    axes: [axis, { ...axis, size: 64, values: (_, all) => all.map((v) => v === null ? "" : num(v))
      }],
    series: [{ label: "time" }, ...series.map((s) => ({
      label: s.label, stroke: inkOf(s.tone || "--accent"), width: s.width ?? 1.75, dash: s.dash,
      fill: s.fill ? inkOf(s.fill) : undefined,
      points: { show: s.dots ?? false, size: 5 },
      value: (_, v) => v === null || v === undefined ? "\u2013" : num(v),
      spanGaps: s.gaps ?? false,
    }))],
  };
}
