// What a browser measures of the console, medians: the first sight of the home page in fresh
// profiles, how long after its commit a change is seen, how long a year of windows takes to draw.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [, , modules, base, token] = process.argv;
const { chromium } = createRequire(modules + "/x.js")("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"] });
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function fresh(script, ...given) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(script, ...given);
  return { context, page };
}

/** An empty page's first paint: what the browser and the machine take by themselves. */
async function emptyPage() {
  const server = createServer((_, reply) => reply.end("<!doctype html><p>hello</p>"));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const paint = [];
  for (let i = 0; i < 9; ++i) {
    const { context, page } = await fresh(() => {});
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction(() => performance.getEntriesByName("first-paint").length);
    paint.push(await page.evaluate(() => performance.getEntriesByName("first-paint")[0].startTime));
    await context.close();
  }
  server.close();
  return { empty_ms: median(paint) };
}

async function firstSight() {
  const paint = [], usable = [], requests = [];
  for (let i = 0; i < 9; ++i) {
    const { context, page } = await fresh(() => {
      new MutationObserver((_, watch) => {
        if (!document.querySelector(".verdict-text")) return;
        window.usable = performance.now();
        watch.disconnect();
      }).observe(document, { childList: true, subtree: true });
    });
    let count = 0;
    page.on("request", () => ++count);
    await page.goto(base + "/");
    await page.waitForFunction(() => window.usable
      && performance.getEntriesByName("first-paint").length);
    paint.push(await page.evaluate(() => performance.getEntriesByName("first-paint")[0].startTime));
    usable.push(await page.evaluate(() => window.usable));
    await page.waitForTimeout(500);
    requests.push(count);
    await context.close();
  }
  return { paint_ms: median(paint), usable_ms: median(usable), requests: Math.max(...requests) };
}

/** From the time of a fact until the page shows it: the loop is paused and goes on in turns. */
async function eventLag() {
  const { context, page } = await fresh(() => {
    window.seen = {};
    new MutationObserver(() => {
      const text = document.querySelector(".ring .state")?.textContent.trim();
      if (text !== window.seen.text) window.seen = { text, at: Date.now() };
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  await page.goto(base + "/");
  await page.locator(".side-foot [role=status]", { hasText: "live" }).waitFor();
  const lags = [];
  for (let i = 0; i < 20; ++i) {
    const act = i % 2 ? "resume" : "pause";
    const reply = await fetch(`${base}/api/v1/${act}`, { method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + token },
      body: JSON.stringify({ why: "a measurement" }) });
    if (!reply.ok) throw new Error(await reply.text());
    const shown = await page.waitForFunction((paused) => window.seen.text
      && (window.seen.text === "paused") === paused && window.seen.at, act === "pause");
    const facts = await (await fetch(`${base}/api/v1/facts?kind=person`)).json();
    lags.push(await shown.jsonValue() - Date.parse(facts[facts.length - 1].at));
    await page.waitForTimeout(150 + 37 * i % 100);  // at no fixed place of the server's turns
  }
  await context.close();
  return { event_ms: median(lags), event_most_ms: Math.max(...lags) };
}

/** A year of hourly windows of 200 columns, from the click until the strip is painted. */
async function yearDrawn() {
  const { context, page } = await fresh((clocks) => {
    const names = Array.from({ length: 200 }, (_, i) => "column_" + i), start = Date.UTC(2024, 0);
    const beyond = (hour) => btoa(String.fromCharCode(...names.map((_, i) =>
      (hour * 7 + i) % 250)));
    const year = JSON.stringify({ clock: "1h", clocks, columns: names, steps: 250,
      windows: Array.from({ length: 8766 }, (_, hour) => ({ rows: 100, version: 1,
        from: new Date(start + 3600000 * hour).toISOString(),
        until: new Date(start + 3600000 * (hour + 1)).toISOString(), beyond: beyond(hour) })) });
    const day = JSON.stringify({ ...JSON.parse(year), clock: "1d",
      windows: JSON.parse(year).windows.slice(0, 20) });
    const real = window.fetch;
    window.fetch = (url, wish) => String(url).includes("/shifts?")
      ? Promise.resolve(new Response(String(url).includes("1h") ? year : day)) : real(url, wish);
  }, ["1d", "1h"]);
  await page.goto(base + "/#/monitoring");
  // The picture is there when the strip's last time is the year's; a frame later it is painted.
  const ends = (text) => [...document.querySelectorAll(".heat-times time")].at(-1)
    ?.getAttribute("datetime").startsWith(text);
  const lastHour = "2024-12-31T06", lastDay = "2024-01-01T20";
  const times = [];
  for (let i = 0; i < 9; ++i) {
    await page.getByRole("button", { name: "by 1d" }).click();
    await page.waitForFunction(ends, lastDay);
    times.push(await page.evaluate(([text, source]) => new Promise((done) => {
      const there = new Function("text", `return (${source})(text)`), began = performance.now();
      [...document.querySelectorAll("button")].find((b) => b.textContent.trim().endsWith("1h"))
        .click();
      const look = () => there(text) && document.querySelector(".heat canvas").width > 300
        ? requestAnimationFrame(() => done(performance.now() - began))
        : requestAnimationFrame(look);
      look();
    }), [lastHour, ends.toString()]));
  }
  const panned = await page.evaluate(() => new Promise((done) => {
    const strip = document.querySelector(".heat canvas");
    const turn = (wish) => strip.dispatchEvent(new WheelEvent("wheel", { bubbles: true,
      cancelable: true, clientX: strip.getBoundingClientRect().left + 300, ...wish }));
    turn({ ctrlKey: true, deltaY: -600 });  // closer, by e squared
    let frames = 0, began = 0, last = 0, most = 0;
    requestAnimationFrame(function step(now) {
      began ||= now;
      if (frames) most = Math.max(most, now - last);
      last = now;
      if (now - began >= 3000) {
        done({ fps: 1000 * frames / (now - began), most });
        return;
      }
      ++frames;
      turn({ deltaX: frames % 200 < 100 ? 12 : -12 });
      requestAnimationFrame(step);
    });
  }));
  await context.close();
  return { year_ms: median(times), pan_fps: panned.fps, pan_most_ms: panned.most };
}

/** Ten thousand decisions, all of them shown: the longest frame while one scrolls through them. */
async function feedScrolled() {
  const { context, page } = await fresh(() => {
    const feed = JSON.stringify(Array.from({ length: 10000 }, (_, i) => ({ sequence: 10000 - i,
      at: new Date(Date.UTC(2024, 0) + 3600000 * (10000 - i)).toISOString(), about: "cycle",
      answer: i % 9 ? "no" : "yes", numbers: { rows: i, needed: 500 },
      reason: `${i} labelled rows came since the training; 500 are a tenth of it` })));
    const real = window.fetch;
    window.fetch = (url, wish) => String(url).includes("/decisions?")
      ? Promise.resolve(new Response(feed)) : real(url, wish);
  });
  await page.goto(base + "/#/decisions");
  await page.locator(".feed article").first().waitFor();
  const stall = await page.evaluate(() => new Promise((done) => {
    let last = performance.now(), most = 0, y = 0;
    requestAnimationFrame(function step(now) {
      if (y > 0) most = Math.max(most, now - last);
      last = now;
      scrollTo(0, y += 2500);
      if (y < document.documentElement.scrollHeight) requestAnimationFrame(step);
      else done({ most, text: [...document.querySelectorAll(".feed article")].at(-1)
        .textContent });
    });
  }));
  await context.close();
  if (!/fact 1\b/.test(stall.text)) throw new Error("the oldest is not there: " + stall.text);
  return { feed_ms: stall.most };
}

const said = { ...await emptyPage(), ...await firstSight(), ...await eventLag(),
  ...await yearDrawn(), ...await feedScrolled() };
await browser.close();
console.log(JSON.stringify(said));
