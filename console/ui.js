// What all pages are made of: hooks that ask the API, and small pieces of page.
import { h, render, Fragment } from "./preact.js";
import { useState, useEffect, useRef, useMemo, useCallback } from "./hooks.js";
import htm from "./htm.js";
import { atHand, fetchText } from "./api.js";
import { note, subscribe } from "./live.js";

// htm drops a blank that ends in a new line, also between two words; here it stays a blank.
const bound = htm.bind(h), flat = new WeakMap();
export function html(strings, ...values) {
  let known = flat.get(strings);
  if (!known) {
    known = strings.map((text) => text.replace(/\s*\n\s*/g, " "));
    flat.set(strings, known);
  }
  return bound(known, ...values);
}
/** The function among children that are otherwise blanks. */
export const drawn = (children) => [].concat(children).find((c) => typeof c === "function");

export { render, Fragment, useState, useEffect, useRef, useMemo, useCallback };

/** The hash as {path: ["models", "v2"], query: {...}}. */
export function parseHash(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  return {
    path: path.split("/").filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function hashOf(path, query = {}) {
  const kept = Object.entries(query).filter(([, v]) => v !== "" && v !== undefined && v !== null);
  const text = new URLSearchParams(kept).toString();
  return "#/" + path.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}

/** Changes the query of the page in the address without a step of history. */
export function setQuery(changes) {
  const { path, query } = parseHash(location.hash);
  history.replaceState(null, "", hashOf(path, { ...query, ...changes }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function stateOf(path) {
  const came = path ? atHand(path) : null;
  return came ? { path, text: came.text, data: came.value, error: null }
    : { path: "", text: "", data: undefined, error: null };
}

/**
 * {data, error, loading} of a GET; asked again when there is news, or every so many ms where no
 * event tells of a change. An empty path asks nothing.
 */
export function useGet(path, { live = true, every = 0 } = {}) {
  const [state, set] = useState(() => stateOf(path));
  const current = state.path === path ? state : { path, text: "", data: undefined, error: null };
  useEffect(() => {
    if (!path) return undefined;
    let gone = false, busy = false, again = false, shown = current.text || null;
    const look = async () => {
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      try {
        const { text, value } = await fetchText(path);
        if (path === "api/v1/status") note(text);
        if (!gone && text !== shown) {
          shown = text;
          set({ path, text, data: value, error: null });
        }
      } catch (error) {
        shown = null;
        if (!gone) set((was) => ({ path, text: "", data: was.path === path ? was.data : undefined,
          error }));
      }
      busy = false;
      if (again && !gone) {
        again = false;
        look();
      }
    };
    look();
    const stop = live ? subscribe((kind) => kind === "news" && look()) : () => {};
    const repeated = every ? setInterval(() => {
      if (document.visibilityState === "visible") look();
    }, every) : 0;
    return () => {
      gone = true;
      clearInterval(repeated);
      stop();
    };
  }, [path, live, every]);
  return { ...current, loading: Boolean(path) && current.data === undefined && !current.error };
}

// Numbers and times, as the browser's people write them ---------------------------------------

// Made when they are first needed: the first of them takes a browser as long as a page's drawing.
function lazily(Kind, wish) {
  let made = null;
  return (value) => (made ||= new Kind(undefined, wish)).format(value);
}
const whole = lazily(Intl.NumberFormat, { maximumFractionDigits: 0 });
const short = lazily(Intl.NumberFormat, { maximumSignificantDigits: 4 });
const tiny = lazily(Intl.NumberFormat, { maximumSignificantDigits: 3, notation: "scientific" });
const share = lazily(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 1 });

export function num(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "\u2013";
  if (Number.isInteger(value)) return whole(value);
  if (value !== 0 && Math.abs(value) < 1e-4) return tiny(value);
  return Math.abs(value) >= 10000 ? whole(value) : short(value);
}

export const percent = (value) => typeof value === "number" ? share(value) : "\u2013";

export function span(ms) {
  if (typeof ms !== "number") return "\u2013";
  if (ms < 1) return num(Math.round(1000 * ms)) + " \u00b5s";
  if (ms < 1000) return num(Math.round(ms)) + " ms";
  if (ms < 60000) return num(Math.round(ms / 100) / 10) + " s";
  if (ms < 3600000) return num(Math.round(ms / 6000) / 10) + " min";
  return num(Math.round(ms / 360000) / 10) + " h";
}

const clock = lazily(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short" });
const day = lazily(Intl.DateTimeFormat, { dateStyle: "medium" });

/** A time in the local zone; UTC on hover. */
export function Time({ at, dayOnly = false }) {
  const date = at ? new Date(at) : null;
  if (!date || Number.isNaN(date.getTime())) return html`<span class="muted">${at ||
    "\u2013"}</span>`;
  return html`<time datetime=${at} title=${date.toISOString().replace("T", " ")
    .replace(/\.\d+Z$/, " UTC")}>${(dayOnly ? day : clock)(date)}</time>`;
}

/** Sentences of the server hold times in UTC: each becomes one in the local zone. */
export function Said({ text }) {
  const parts = String(text || "").split(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/);
  return html`${parts.map((part, i) => i % 2 ? html`<${Time} at=${part} />` : part)}`;
}

// Pieces --------------------------------------------------------------------------------------

export function Card({ title, note, children, wide, tools, id }) {
  return html`<section class=${"card" + (wide ? " wide" : "")} id=${id}>
    ${title && html`<header class="card-head"><h2>${title}</h2>${tools}</header>`}
    ${note && html`<p class="note">${note}</p>`}${children}</section>`;
}

export const Badge = ({ tone = "plain", children }) =>
  html`<span class=${"badge " + tone}>${children}</span>`;

export const Empty = ({ title, children }) => html`<div class="empty"><p class="empty-title">
  ${title}</p>${children && html`<div class="muted">${children}</div>`}</div>`;

export function Fault({ error }) {
  if (!error) return null;
  return html`<div class="fault" role="alert"><p><strong>${error.message}</strong></p>
    ${error.hint && html`<p>${error.hint}</p>`}</div>`;
}

export const Loading = () => html`<div class="loading" role="status"><span class="sr">asking the
  server</span><i></i><i></i><i></i></div>`;

/** Shows what a useGet has: an error, a wait, or children(data). */
export function Got({ of, children, empty }) {
  if (of.error && of.data === undefined) return html`<${Fault} error=${of.error} />`;
  if (of.loading) return html`<${Loading} />`;
  if (empty && (Array.isArray(of.data) ? of.data.length === 0 : !of.data)) return empty;
  return html`${of.error && html`<${Fault} error=${of.error} />`}${drawn(children)(of.data)}`;
}

/** columns: [{name, head, show(row), number}]. On a narrow screen each row becomes a block. */
export function Table({ columns, rows, keyOf, caption, rowClass }) {
  return html`<div class="table-box" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="sr">${caption}</caption>
    <thead><tr>${columns.map((c) => html`<th scope="col" class=${c.number ? "n" : ""}>
      ${c.head}</th>`)}</tr></thead>
    <tbody>${rows.map((row, i) => html`<tr key=${keyOf ? keyOf(row) : i}
      class=${rowClass ? rowClass(row) : ""}>${columns.map((c) => html`<td
        class=${c.number ? "n" : ""} data-head=${c.head}>${c.show(row)}</td>`)}</tr>`)}</tbody>
    </table></div>`;
}

export function Tabs({ items, current, hrefOf, label }) {
  return html`<nav class="tabs" aria-label=${label}>${items.map(([key, name]) => html`<a
    href=${hrefOf(key)} aria-current=${key === current ? "page" :
      undefined}>${name}</a>`)}</nav>`;
}

export const Facts = ({ items }) => html`<dl class="facts">${items.filter(Boolean).map(
  ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/** Something to copy, with a button for it. */
export function Copy({ text, label = "Copy" }) {
  const [done, set] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    set(true);
    setTimeout(() => set(false), 1500);
  };
  return html`<button type="button" class="quiet" onClick=${copy}>${done ? "Copied" : label}
    </button>`;
}

export const Code = ({ text, label }) => html`<div class="code"><div
  class="code-head"><span>${label}
  </span><${Copy} text=${text} /></div><pre tabindex="0"><code>${text}</code></pre></div>`;

export const Json = ({ value }) => html`<pre class="json" tabindex="0">${
  JSON.stringify(value, null, 2)}</pre>`;

export function Page({ title, lead, children, tools }) {
  useEffect(() => {
    document.title = title + " - Rondo";
  }, [title]);
  return html`<div class="page"><header class="page-head"><div><h1 tabindex="-1">${title}</h1>
    ${lead && html`<p class="lead">${lead}</p>`}</div>${tools}</header>${children}</div>`;
}

export const tone_of_result = (result) => {
  if (["good", "deployed", "performs well", "prepared", "trained", "new rows"].includes(result)) {
    return "good";
  }
  if (/failed|broken|refused|rejected/.test(result)) return "bad";
  if (/needed|undecided|not better|rolling/.test(result)) return "warn";
  return "plain";
};
