// Opens the home page nine times, each in a fresh browser profile, and prints medians.
import { createRequire } from "node:module";

const [, , modules, base] = process.argv;
const { chromium } = createRequire(modules + "/x.js")("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"] });
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const paint = [], usable = [], requests = [];
for (let i = 0; i < 9; ++i) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  let count = 0;
  page.on("request", () => ++count);
  await page.addInitScript(() => {
    new MutationObserver((_, watch) => {
      if (!document.querySelector(".verdict-text")) return;
      window.usable = performance.now();
      watch.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(base + "/");
  await page.waitForFunction(() => window.usable
    && performance.getEntriesByName("first-paint").length);
  paint.push(await page.evaluate(() => performance.getEntriesByName("first-paint")[0].startTime));
  usable.push(await page.evaluate(() => window.usable));
  await page.waitForTimeout(500);
  requests.push(count);
  await context.close();
}
await browser.close();
console.log(JSON.stringify({ paint_ms: median(paint), usable_ms: median(usable),
  requests: Math.max(...requests) }));
