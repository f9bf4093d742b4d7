// Drives Chromium for browser.py: a JSON line in, a JSON line out. Names that end in .test are
// this machine, so that a rebound name can be tried; nothing else is asked of a network. Letters
// are drawn with the fonts of fonts-dejavu-core, whatever else is installed.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { compare, shrink } from "./pictures.mjs";
import { yearOn } from "./year.mjs";

const [, , modules, home] = process.argv;
const require = createRequire(modules + "/x.js");
const { chromium } = require("playwright-core");
const axe = readFileSync(modules + "/axe-core/axe.min.js", "utf8");

writeFileSync(home + "/fonts.conf", `<?xml version="1.0"?><fontconfig>
  <dir>/usr/share/fonts/truetype/dejavu</dir><cachedir>${home}/fonts</cachedir><selectfont>
  <rejectfont><glob>*Oblique*</glob><glob>*Italic*</glob><glob>*Condensed*</glob>
  <glob>*ExtraLight*</glob><glob>*Math*</glob></rejectfont></selectfont></fontconfig>`);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  env: { ...process.env, HOME: home, FONTCONFIG_FILE: home + "/fonts.conf" },
  args: ["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1", "--disable-lcd-text",
    "--font-render-hinting=none", "--force-color-profile=srgb"],
});
let context = null, page = null, faults = [];
const asked = new Set();  // requests for numbers that are not answered yet

async function person({ scale = 1 } = {}) {
  if (context) await context.close();
  context = await browser.newContext({ reducedMotion: "reduce", locale: "en-GB",
    timezoneId: "UTC", deviceScaleFactor: scale });
  page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on("console", (m) => m.type() === "error" && faults.push(m.text()));
  page.on("request", (one) => /\/(api\/v1\/(?!events)|metrics$)/.test(one.url()) && asked.add(one));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (one) => asked.delete(one));
  page.on("pageerror", (e) => faults.push(e.stack));
}

async function aside(act) {
  const other = await context.newPage();
  try {
    return await act(other);
  } finally {
    await other.close();
  }
}

const named = (wish) => wish.role
  ? page.locator(wish.inside ?? "body").getByRole(wish.role,
    { name: wish.text, exact: wish.exact ?? true })
  : page.getByText(wish.text, { exact: wish.exact ?? false });

/** What differs from run to run becomes the same: measured numbers by their names, digests. */
function frozen(value, measured, name = "") {
  if (Array.isArray(value)) return value.map((one) => frozen(one, measured, name));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, frozen(v, measured, k)]));
  }
  if (typeof value === "number") return measured.test(name) ? 1000 : value;
  return typeof value === "string" ? value.replace(/\b[0-9a-f]{64}\b/g, "0".repeat(64)) : value;
}

const acts = {
  async open({ url, width, height = width < 500 ? 740 : 900, colour = "light" }) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: colour });
    await page.goto("about:blank");
    asked.clear();
    await page.goto(url);
  },
  async settled() {
    await page.waitForSelector("#app h1");
    await page.waitForFunction(() => !document.querySelector(".loading"));
    const drawn = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() =>
      requestAnimationFrame(done))));
    await drawn();
    for (const end = Date.now() + 20000; asked.size && Date.now() < end; ) await drawn();
    await drawn();
  },
  wait_text: ({ text, timeout = 20 }) =>
    page.getByText(text).first().waitFor({ timeout: 1000 * timeout }),
  wait_for: ({ selector }) => page.locator(selector).first().waitFor(),
  wait_mode: ({ text }) => page.locator(".side-foot [role=status]", { hasText: text }).waitFor(),
  click: (wish) => named(wish).first().click(),
  fill: ({ label, text }) => page.getByLabel(label).fill(text),
  press: ({ key }) => page.keyboard.press(key),
  focused: () => page.evaluate(() => document.activeElement.textContent.trim()),
  url: () => page.url(),
  cookies_readable: () => page.evaluate(() => document.cookie),
  async faults() {
    const all = faults;
    faults = [];
    return all;
  },
  async new_person({ scale }) {
    await person({ scale });
    faults = [];
  },
  /** From now on answers are frozen(), and the clock of the page stands still. */
  async freeze({ measured, now }) {
    await page.clock.setFixedTime(now);
    const names = new RegExp(measured);
    await page.route(/\/(api\/v1\/|metrics$)/, async (route) => {
      if (route.request().url().endsWith("/events")) return route.continue();
      const reply = await route.fetch();
      const text = await reply.text();
      const json = /json/.test(reply.headers()["content-type"]);
      await route.fulfill({ response: reply,
        body: json ? JSON.stringify(frozen(JSON.parse(text), names)) : "" });
    });
  },
  compare: (wish) => aside((other) => compare(other, wish)),
  shrink: (wish) => aside((other) => shrink(other, wish)),
  year: (wish) => yearOn(context, wish),
  overflow: () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
  /** `instead`: [text, what stands in its place]. */
  async shot({ path, whole = true, instead }) {
    if (instead) {
      await page.evaluate(([from, to]) => {
        const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (all.nextNode()) {
          all.currentNode.nodeValue = all.currentNode.nodeValue.replaceAll(from, to);
        }
      }, instead);
    }
    await page.screenshot({ path, fullPage: whole });
  },
  /** The rules of WCAG 2.1 A and AA, and best practices, that the page breaks. */
  async axe() {
    const session = await context.newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: axe });  // the page's policy allows none
    const made = await session.send("Runtime.evaluate", { awaitPromise: true, returnByValue: true,
      expression: "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', " +
        "'best-practice']}).then((r) => r.violations.map((v) => v.id + ': ' + v.help + ' at ' + " +
        "v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')))" });
    await session.detach();
    return made.result.value;
  },
  async status({ url }) {
    const reply = await page.goto(url);
    return reply.status();
  },
  /** What a page of another origin gets for a change that it asks for with all cookies. */
  async cross_site({ page: from, url }) {
    const other = await context.newPage();
    await other.route(from + "**", (route) => route.fulfill({ contentType: "text/html",
      body: "<p>another site</p>" }));
    await other.goto(from);
    const said = await other.evaluate((to) => fetch(to, { method: "POST", credentials: "include",
      mode: "no-cors", body: JSON.stringify({ why: "from elsewhere" }) })
      .then((reply) => reply.status, () => -1), url);
    await other.close();
    return said;
  },
};

await person();
for await (const line of createInterface({ input: process.stdin })) {
  const wish = JSON.parse(line);
  try {
    const value = await acts[wish.act](wish);
    console.log(JSON.stringify({ value: value ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
await browser.close();
