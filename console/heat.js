// How far each column was from its training, window by window: a strip of colours that opens into
// the bins of one column beside its reference.
import { html, useGet, useMemo, Got, Empty, Table, Time, num, percent, setQuery } from "./ui.js";
import { Strip, UNJUDGED, unpacked } from "./strip.js";

/** Of each column the window in which it was farthest out. */
function farthest({ columns, windows, steps, values }) {
  return columns.map((column, y) => {
    let most = 0, when = null;
    for (let x = 0, at = y * windows.length; x < windows.length; ++x, ++at) {
      if (values[at] > most && values[at] < UNJUDGED) {
        most = values[at];
        when = windows[x];
      }
    }
    return { column, most: most / steps, when };
  }).filter((r) => r.when).sort((a, b) => b.most - a.most);
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
    const open = (column, at) => setQuery({ column, from: at.from, until: at.until });
    return html`${shifts.clocks.length > 1 && html`<div class="tools" role="group"
      aria-label="length of the windows">${shifts.clocks.map((c) => html`<button type="button"
      aria-pressed=${c === clock} onClick=${() => setQuery({ clock: c, since: "", to: "" })}>by
      ${c}</button>`)}</div>`}
      <${Strip} shifts=${shifts} query=${query} onView=${setQuery} onPick=${open} />
      ${query.column && query.from && query.until && html`<${Bins} column=${query.column}
        from=${query.from} until=${query.until} />`}
      ${rows.length > 0 ? html`<${Table} caption="columns that were farthest out" rows=${rows}
        keyOf=${(r) => r.column} columns=${[
        { head: "column", show: (r) => html`<button type="button" class="link"
          onClick=${() => open(r.column, r.when)}>${r.column}</button>` },
        { head: "rows out of place", number: true, show: (r) => percent(r.most) },
        { head: "window", show: (r) => html`<${Time}
          at=${r.when.from} />` },
        ]} />` : html`<p>No column was out of its place in any window.</p>`}`;
  }}</${Got}>`;
}
