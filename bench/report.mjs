// How soon a browser shows a report: from the wish to open the file until it is loaded, its
// pictures are decoded and a frame with them is painted. The median of nine fresh profiles.
import { createRequire } from "node:module";

const [, , modules, path] = process.argv;
const { chromium } = createRequire(modules + "/x.js")("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"] });
const times = [];
for (let i = 0; i < 9; ++i) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const began = performance.now();
  await page.goto("file://" + path, { waitUntil: "load" });
  await page.evaluate(async () => {
    await Promise.all([...document.images].map((one) => one.decode()));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  });
  times.push(performance.now() - began);
  await context.close();
}
await browser.close();
console.log(JSON.stringify({ opened_ms: times.sort((a, b) => a - b)[4] }));
