// A year on a page that is left open: an event for each hour, each with another answer to
// everything that the page then asks. The answers are the server's own, repeated to a year.
import { readFileSync } from "node:fs";

/** Runs in the page before its scripts: events come from here, answers as of the hour. */
function simulate() {
  const real = window.fetch, kept = new Map(), kDay = 86400000;
  const year = window.theYear = { hour: 0, hours: 365 * 24, pending: 0, asked: 0, source: null };
  window.EventSource = class extends EventTarget {
    constructor() {
      super();
      this.readyState = 1;
      year.source = this;
      setTimeout(() => this.dispatchEvent(new Event("open")));
    }
    close() {}
  };
  /** The list again and again, each time later, until it is a year long. */
  const repeated = (list) => {
    const times = list.map((one) => Date.parse(one.at || one.started || one.since));
    const length = Math.max(kDay, Math.max(...times) - Math.min(...times) + kDay / 24);
    const all = [];
    for (let turn = 0; turn * length < 365 * kDay; ++turn) {
      list.forEach((one, i) => all.push({ ...one, step: one.step && one.step + turn * list.length,
        seq: all.length + 1, sequence: all.length + 1,
        at: new Date(times[i] + turn * length).toISOString() }));
    }
    return all;
  };
  const asOf = (path, value) => {
    const share = year.hour / year.hours;
    if (path.includes("/status")) {
      return { ...value, steps: year.hour, watch: { ...value.watch, judged_rows: 24 * year.hour } };
    }
    if (path.includes("/history")) {
      return value.all.slice(0, Math.ceil(share * value.all.length)).slice(-100);
    }
    return value.all ? value.all.slice(0, Math.ceil(share * value.all.length)) : value;
  };
  window.fetch = async (url, wish) => {
    const path = new URL(url, location.href).pathname + new URL(url, location.href).search;
    if (!path.includes("/api/v1/")) return real(url, wish);
    ++year.pending;
    ++year.asked;
    try {
      if (!kept.has(path)) {
        const value = await (await real(url, wish)).json();
        kept.set(path, Array.isArray(value) && value.length ? { all: repeated(value) } : value);
      }
      return new Response(JSON.stringify(asOf(path, kept.get(path))),
        { headers: { "Content-Type": "application/json" } });
    } finally {
      --year.pending;
    }
  };
}

/** So many hours, an event for every `each` of them, when the page is done with the one before. */
async function live([hours, each]) {
  const year = window.theYear, { port1, port2 } = new MessageChannel();
  const turn = () => new Promise((done) => {  // timers in a row are held back, messages are not
    port1.onmessage = done;
    port2.postMessage(0);
  });
  for (const end = year.hour + hours; year.hour < end; ) {
    year.hour += each;
    year.source.dispatchEvent(new MessageEvent("change", { data: "{}" }));
    do await turn(); while (year.pending > 0);
    await turn();
  }
}

/** Of the process that draws the page what is its own: also what its heap does not count. */
async function privateMb(browser, before) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const pids = processInfo.filter((p) => p.type === "renderer" && !before.includes(p.id))
    .map((p) => p.id);
  const held = pids.map((pid) => Number(/RssAnon:\s*(\d+)/.exec(readFileSync(
    `/proc/${pid}/status`, "utf8"))[1]) / 1e3);
  return { pids, mb: Math.max(0, ...held) };
}

/** {asked, parts: [{held_mb, process_mb, nodes, listeners}], text} of an open page. */
export async function yearOn(context, { url, hours, step, each }) {
  const browser = context.browser(), { pids } = await privateMb(browser, []);
  const page = await context.newPage();
  await page.addInitScript(simulate);
  await page.goto(url);
  await page.waitForSelector("#app h1");
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const parts = [];
  for (let done = 0; done < hours; done += step) {
    await page.evaluate(live, [Math.min(step, hours - done), each]);
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name) => metrics.find((m) => m.name === name).value;
    const heap = await session.send("Runtime.getHeapUsage");
    // Texts that came from the network are not in the heap, but beside it.
    const held = heap.usedSize + heap.embedderHeapUsedSize + heap.backingStorageSize;
    parts.push({ held_mb: held / 1e6, process_mb: (await privateMb(browser, pids)).mb,
      nodes: of("Nodes"), listeners: of("JSEventListeners") });
  }
  const asked = await page.evaluate(() => window.theYear.asked);
  const text = await page.evaluate(() => document.querySelector("main").textContent);
  await page.close();
  return { asked, parts, text };
}
