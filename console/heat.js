// How far each column was from its training, window by window: a strip of colours that opens into
// the bins of one column beside its reference.
import { html, useEffect, useGet, useMemo, useRef, Got, Empty, Table, Time, num, percent, setQuery }
  from "./ui.js";
import { inkOf } from "./charts.js";

const UNJUDGED = 254, LEARNS = 255;
const ROW = 14;            // pixels of a column's row at least

function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; ++i) bytes[i] = plain.charCodeAt(i);
  return bytes;
}

/** {columns, windows: [{from, until, rows, version, beyond: Uint8Array}], steps}. */
export const unpacked = (shifts) => ({
  ...shifts,
  windows: shifts.windows.map((w) => ({ ...w, from: Date.parse(w.from), until: Date.parse(w.until),
    beyond: bytesOf(w.beyond) })),
});

const channels = (ink) => (ink.match(/[\d.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);

/** A pixel a column and window; the canvas is scaled to its place by the browser. */
function paint(canvas, { columns, windows, steps }) {
  canvas.width = Math.max(1, windows.length);
  canvas.height = Math.max(1, columns.length);
  const image = new ImageData(canvas.width, canvas.height);
  const still = channels(inkOf("--line")), moved = channels(inkOf("--bad"));
  const dark = channels(inkOf("--muted"));
  // The colours of all values, once: a year of hours has millions of places.
  const colours = new Uint8ClampedArray(4 * 256);
  for (let value = 0; value < 256; ++value) {
    const plain = value === UNJUDGED || value === LEARNS;
    const much = plain ? 0.5 : Math.sqrt(value / steps);  // a tenth of the rows is much already
    const to = plain ? dark : moved;
    colours.set([...still.map((from, k) => from + (to[k] - from) * much), 255], 4 * value);
  }
  const ink = new Uint32Array(colours.buffer), pixels = new Uint32Array(image.data.buffer);
  for (let y = 0, at = 0; y < columns.length; ++y) {
    for (let x = 0; x < windows.length; ++x, ++at) pixels[at] = ink[windows[x].beyond[y]];
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function Strip({ shifts, chosen }) {
  const canvas = useRef(null);
  useEffect(() => {
    const draw = () => canvas.current && paint(canvas.current, shifts);
    draw();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    addEventListener("rondo-theme", draw);
    return () => {
      scheme.removeEventListener("change", draw);
      removeEventListener("rondo-theme", draw);
    };
  }, [shifts]);
  const { columns, windows } = shifts;
  const pick = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const x = Math.floor(windows.length * (event.clientX - box.left) / box.width);
    const y = Math.floor(columns.length * (event.clientY - box.top) / box.height);
    const one = windows[Math.min(Math.max(x, 0), windows.length - 1)];
    const column = columns[Math.min(Math.max(y, 0), columns.length - 1)];
    setQuery({ column, from: new Date(one.from).toISOString(),
      until: new Date(one.until).toISOString() });
  };
  return html`<div class="heat" style=${{ "--rows": columns.length, "--row": `${ROW}px` }}><div
    class="heat-names" aria-hidden="true">${columns.length <= 60 && columns.map((c) => html`<span
    class=${c === chosen ? "chosen" : ""} title=${c}>${c}</span>`)}</div><canvas ref=${canvas}
    role="img" onClick=${pick} aria-label=${`${num(columns.length)} columns in ${
    num(windows.length)} windows; the table below has those that were farthest out`} /><div
    class="heat-times"><${Time} at=${new Date(windows[0].from).toISOString()} dayOnly /><${Time}
    at=${new Date(windows[windows.length - 1].until).toISOString()} dayOnly /></div></div>`;
}

/** Of each column the window in which it was farthest out. */
function farthest({ columns, windows, steps }) {
  return columns.map((column, y) => {
    let most = -1, when = null;
    for (const one of windows) {
      const value = one.beyond[y];
      if (value < UNJUDGED && value > most) {
        most = value;
        when = one;
      }
    }
    return { column, most: most < 0 ? null : most / steps, when };
  }).filter((r) => r.when && r.most > 0).sort((a, b) => b.most - a.most);
}

function Bins({ column, from, until }) {
  const stretch = new URLSearchParams({ from, until });
  const path = `api/v1/shifts/${encodeURIComponent(column)}?${stretch}`;
  const got = useGet(path, { live: false });
  return html`<${Got} of=${got}>${(found) => {
    const bins = found.bins.filter((b) => b.live > 0 || b.reference > 0);
    const top = Math.max(1e-9, ...bins.flatMap((b) => [b.live, b.reference, b.high || 0]));
    return html`<figure class="bins"><figcaption>${found.column}: ${num(found.rows)} rows from${" "}
      <${Time} at=${from} /> to <${Time} at=${until} />, beside the training of v${found.version}
      </figcaption>${bins.map((b) => html`<div class="con-row"><span class="con-name"
      title=${b.text}>${b.text}</span><svg viewBox="0 0 100 14" preserveAspectRatio="none"
      aria-hidden="true">${b.high !== null && html`<rect class="reach" x=${100 * b.low / top} y="0"
      width=${100 * (b.high - b.low) / top} height="14" />`}<rect class="more" x="0" y="3"
      width=${100 * b.live / top} height="8" /><line class="mark" x1=${100 * b.reference / top}
      x2=${100 * b.reference / top} y1="0" y2="14" /></svg><span class="con-value">${
      percent(b.live)}<small> of ${percent(b.reference)}</small></span></div>`)}
      <p class="muted">Bar: rows of this stretch. Line: training. Shade: the least and the most of a
      day of it.</p></figure>`;
  }}</${Got}>`;
}

export function Heat({ query }) {
  const clock = query.clock || "1d";
  const got = useGet(`api/v1/shifts?clock=${encodeURIComponent(clock)}`);
  const shifts = useMemo(() => got.data && unpacked(got.data), [got.data]);
  const rows = useMemo(() => shifts && farthest(shifts).slice(0, 12), [shifts]);
  return html`<${Got} of=${got}>${() => {
    if (!shifts || !shifts.windows.length) {
      return html`<${Empty} title="No window has ended yet">Each column is compared by the hour and
        by the day with windows of the training, once there are answers.</${Empty}>`;
    }
    const open = (r) => setQuery({ column: r.column, from: new Date(r.when.from).toISOString(),
      until: new Date(r.when.until).toISOString() });
    return html`${shifts.clocks.length > 1 && html`<div class="tools" role="group"
      aria-label="length of the windows">${shifts.clocks.map((c) => html`<button type="button"
      aria-pressed=${c === clock} onClick=${() => setQuery({ clock: c })}>by
      ${c}</button>`)}</div>`}
      <${Strip} shifts=${shifts} chosen=${query.column} />
      ${query.column && query.from && query.until && html`<${Bins} column=${query.column}
        from=${query.from} until=${query.until} />`}
      ${rows.length > 0 ? html`<${Table} caption="columns that were farthest out" rows=${rows}
        keyOf=${(r) => r.column} columns=${[
        { head: "column", show: (r) => html`<button type="button" class="link"
          onClick=${() => open(r)}>${r.column}</button>` },
        { head: "rows out of place", number: true, show: (r) => percent(r.most) },
        { head: "window", show: (r) => html`<${Time}
          at=${new Date(r.when.from).toISOString()} />` },
        ]} />` : html`<p>No column was out of its place in any window.</p>`}`;
  }}</${Got}>`;
}
