// A strip of colours, a row a column and a place a window of time, through which one pans and looks
// closer. Seen from afar a pixel stands for many windows: it shows the worst of them, so nothing is
// too short to be seen. Painted once for each distance; a frame while panning copies one picture.
import { html, useEffect, useMemo, useRef, useState, Time, num } from "./ui.js";
import { inkOf } from "./charts.js";

export const UNJUDGED = 254;  // and above: it still learnt what windows look like
const ROW = 14;            // pixels of a column's row at least
const CLOSEST = 12;        // windows in view at least
const DRAG = 4;            // pixels that make a drag of a click

function bytesInto(text, into, x, width, height) {
  const plain = atob(text.includes("-") || text.includes("_")
    ? text.replaceAll("-", "+").replaceAll("_", "/") : text);
  const count = Math.min(height, plain.length);
  for (let y = 0, at = x; y < count; ++y, at += width) into[at] = plain.charCodeAt(y);
}

/**
 * {columns, windows: [{from, until}] as the server wrote them, steps, values}: a byte of `values` a
 * column and window, a column's windows side by side.
 */
export function unpacked(shifts) {
  const { columns, windows } = shifts, width = windows.length;
  const values = new Uint8Array(width * columns.length).fill(UNJUDGED);
  windows.forEach((w, x) => bytesInto(w.beyond, values, x, width, columns.length));
  return { ...shifts, values };
}

/** Half as many windows: the worse of two; what was not judged gives way to what was. */
function halved({ values, width }, height) {
  const next = Math.ceil(width / 2), out = new Uint8Array(next * height);
  const rank = (v) => v >= UNJUDGED ? v - 256 : v;
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < next; ++x) {
      const at = y * width + 2 * x, a = values[at];
      const b = 2 * x + 1 < width ? values[at + 1] : a;
      out[y * next + x] = rank(a) >= rank(b) ? a : b;
    }
  }
  return { values: out, width: next };
}

const channels = (ink) => (ink.match(/[\d.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);

/** The colours of all values, as pixels: a year of hours has millions of places. */
function inks(steps) {
  const still = channels(inkOf("--line")), moved = channels(inkOf("--bad"));
  const dark = channels(inkOf("--muted")), colours = new Uint8ClampedArray(4 * 256);
  for (let value = 0; value < 256; ++value) {
    const plain = value >= UNJUDGED;
    const much = plain ? 0.5 : Math.sqrt(value / steps);  // a tenth of the rows is much already
    const to = plain ? dark : moved;
    colours.set([...still.map((from, k) => from + (to[k] - from) * much), 255], 4 * value);
  }
  return new Uint32Array(colours.buffer);
}

/** Pictures of the strip, each for twice the windows a place; made when first asked for. */
function picturesOf({ columns, windows, steps, values }) {
  const levels = [{ values, width: windows.length }];
  let ink = null;
  return {
    forget() {
      ink = null;
      for (const level of levels) level.canvas = null;
    },
    /** The one with at most two windows for each of so many pixels a window. */
    at(pixels) {
      let k = 0;
      while (pixels * 2 ** k < 0.75 && levels[k].width > 1) {
        if (!levels[++k]) levels.push(halved(levels[k - 1], columns.length));
      }
      const level = levels[k];
      if (!level.canvas) {
        ink ||= inks(steps);
        const image = new ImageData(level.width, columns.length);
        const pixels32 = new Uint32Array(image.data.buffer);
        for (let at = 0; at < pixels32.length; ++at) pixels32[at] = ink[level.values[at]];
        level.canvas = new OffscreenCanvas(level.width, columns.length);
        level.canvas.getContext("2d").putImageData(image, 0, 0);
      }
      return { canvas: level.canvas, windows: 2 ** k };
    },
  };
}

/** first and count of the windows in view, kept within what there is. */
function within(first, count, width) {
  const shown = Math.min(width, Math.max(Math.min(width, CLOSEST), count));
  return { first: Math.min(Math.max(0, first), width - shown), count: shown };
}

/** Where a time of the address lies among the windows; undefined: nowhere. */
function placeOf(windows, text) {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  const found = windows.findIndex((w) => Date.parse(w.until) > at);
  return found < 0 ? windows.length : found;
}

function viewOf(windows, { since, to }) {
  const first = placeOf(windows, since) ?? 0;
  const end = placeOf(windows, to) ?? windows.length;
  return within(first, Math.max(1, end - first), windows.length);
}

/** The canvas with its hands: everything between two renders happens here. */
class Panel {
  constructor(canvas, shifts, { moved, settled, picked }) {
    Object.assign(this, { canvas, shifts, moved, settled, picked });
    this.pictures = picturesOf(shifts);
    this.frame = 0;
    this.timer = 0;
  }

  look(view) {
    this.view = view;
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { canvas, shifts, view } = this;
    const wide = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== shifts.columns.length) canvas.height = shifts.columns.length;
    const { canvas: picture, windows } = this.pictures.at(wide / view.count);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, view.first / windows, 0, view.count / windows, picture.height,
      0, 0, wide, picture.height);
    this.moved(view);
  }

  /** A person moved: shown at the next frame, and in the address once it rests. */
  move(first, count) {
    this.look(within(first, count, this.shifts.windows.length));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settled(this.view), 250);
  }

  pan(share) {
    this.move(this.view.first + share * this.view.count, this.view.count);
  }

  /** `at`: the share of the view's width that stays where it is. */
  zoom(factor, at = 0.5) {
    const { first, count } = this.view, total = this.shifts.windows.length;
    const next = within(0, count * factor, total).count;
    this.move(first + at * (count - next), next);
  }

  all() {
    this.move(0, this.shifts.windows.length);
  }

  on(kind, event) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    if (kind === "wheel") {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (!event.ctrlKey && !sideways) return;  // the page scrolls
      event.preventDefault();
      if (event.ctrlKey) this.zoom(Math.exp(event.deltaY / 300), x);
      else this.pan((event.deltaX || event.deltaY) / box.width);
    } else if (kind === "down") {
      this.held = { x: event.clientX, first: this.view.first, drags: false };
      this.canvas.setPointerCapture(event.pointerId);
    } else if (kind === "move" && this.held) {
      const by = event.clientX - this.held.x;
      this.held.drags ||= Math.abs(by) > DRAG;
      if (this.held.drags) this.move(this.held.first - by / box.width * this.view.count,
        this.view.count);
    } else if (kind === "up" && this.held) {
      if (!this.held.drags) this.pick(x, (event.clientY - box.top) / box.height);
      this.held = null;
    }
  }

  pick(x, y) {
    const { columns, windows } = this.shifts;
    const at = Math.floor(this.view.first + x * this.view.count);
    this.picked(columns[Math.min(columns.length - 1, Math.max(0, Math.floor(y * columns.length)))],
      windows[Math.min(windows.length - 1, Math.max(0, at))]);
  }

  key(name) {
    const acts = { ArrowLeft: () => this.pan(-0.1), ArrowRight: () => this.pan(0.1),
      "+": () => this.zoom(0.5), "-": () => this.zoom(2), Home: () => this.all() };
    if (acts[name]) acts[name]();
    return Boolean(acts[name]);
  }

  close() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }
}

/** Repaints when the colours of the page change, draws again when its width does. */
function watched(panel) {
  const repaint = () => {
    panel.pictures.forget();
    panel.draw();
  };
  const size = new ResizeObserver(() => panel.draw());
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", repaint);
  addEventListener("rondo-theme", repaint);
  size.observe(panel.canvas);
  return () => {
    size.disconnect();
    scheme.removeEventListener("change", repaint);
    removeEventListener("rondo-theme", repaint);
    panel.close();
  };
}

function Hands({ panel, view, total }) {
  const button = (text, act, off) => html`<button type="button" class="quiet" disabled=${off}
    onClick=${() => act(panel.current)}>${text}</button>`;
  return html`<div class="tools" role="group" aria-label="what stretch of time is in view">
    ${button("Earlier", (p) => p.pan(-0.5), view.first <= 0)}
    ${button("Later", (p) => p.pan(0.5), view.first + view.count >= total)}
    ${button("Closer", (p) => p.zoom(0.5), view.count <= CLOSEST)}
    ${button("Wider", (p) => p.zoom(2), view.count >= total)}
    ${button("All", (p) => p.all(), view.count >= total)}</div>`;
}

/**
 * query: of the address; onView({since, to}) when another stretch came to rest in view,
 * onPick(column, window) when a place was chosen.
 */
export function Strip({ shifts, query, onView, onPick }) {
  const canvas = useRef(null), panel = useRef(null), hands = useRef({});
  const { columns, windows } = shifts;
  const wished = useMemo(() => viewOf(windows, query), [windows, query.since, query.to]);
  const [view, setView] = useState(wished);
  hands.current = { onView, onPick };
  useEffect(() => {
    panel.current = new Panel(canvas.current, shifts, {
      moved: setView,
      settled: ({ first, count }) => hands.current.onView(count >= windows.length
        ? { since: "", to: "" } : { since: windows[Math.round(first)].from,
          to: windows[Math.min(windows.length - 1, Math.round(first + count))].from }),
      picked: (column, at) => hands.current.onPick(column, at),
    });
    panel.current.view = wished;
    const stop = watched(panel.current);  // its observer draws the first time
    const wheel = (event) => panel.current.on("wheel", event);
    const box = canvas.current;
    box.addEventListener("wheel", wheel, { passive: false });
    return () => {
      box.removeEventListener("wheel", wheel);
      stop();
    };
  }, [shifts]);
  useEffect(() => panel.current.look(wished), [wished]);
  const on = (kind) => (event) => panel.current.on(kind, event);
  const last = Math.min(windows.length, Math.ceil(view.first + view.count)) - 1;
  return html`<${Hands} panel=${panel} view=${view} total=${windows.length} />
    <div class="heat" style=${{ "--rows": columns.length, "--row": `${ROW}px` }}><${Names}
    columns=${columns} chosen=${query.column} /><div class="heat-box" tabindex="0" role="group"
    aria-label="columns by window: arrows pan, plus and minus look closer and wider, Home shows all"
    onKeyDown=${(e) => !e.ctrlKey && !e.metaKey && panel.current.key(e.key)
    && e.preventDefault()}><canvas ref=${canvas}
    role="img" onPointerDown=${on("down")} onPointerMove=${on("move")} onPointerUp=${on("up")}
    aria-label=${`${num(columns.length)} columns in ${
    num(windows.length)} windows; the table below has those that were farthest out`} /></div><div
    class="heat-times"><${Time} at=${windows[Math.floor(view.first)].from} dayOnly /><${Time}
    at=${windows[last].until} dayOnly /></div></div>`;
}

/** No name is drawn anew while one pans. */
function Names({ columns, chosen }) {
  return useMemo(() => html`<div class="heat-names" aria-hidden="true">${columns.length <= 60
    && columns.map((c) => html`<span class=${c === chosen ? "chosen" : ""} title=${c}>${c}</span>`)}
    </div>`, [columns, chosen]);
}
