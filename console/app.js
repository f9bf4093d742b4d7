// The frame: navigation, theme, who you are, and which page the address names. Pages are loaded
// when they are opened.
import {
  html, render, useState, useEffect, parseHash, Card, Fault, Loading, Page, num, percent,
} from "./ui.js";
import { firstAnswers, get, session as askSession, login, logout, starting } from "./api.js";
import * as live from "./live.js";
import * as lifecycle from "./lifecycle.js";

const kPages = [
  ["", "Lifecycle", async () => lifecycle],
  ["data", "Data", () => import("./data.js")],
  ["models", "Models", () => import("./models.js")],
  ["serving", "Serving", () => import("./serving.js")],
  ["monitoring", "Monitoring", () => import("./monitoring.js")],
  ["decisions", "Decisions", () => import("./decisions.js")],
  ["backtest", "Backtest", () => import("./backtest.js")],
];
const kHidden = [
  ["why", "Why", () => import("./decisions.js")],
  ["login", "Sign in", () => import("./login.js")],
];

function useHash() {
  const [hash, set] = useState(location.hash);
  useEffect(() => {
    const look = () => set(location.hash);
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return parseHash(hash);
}

function useMode() {
  const [mode, set] = useState(live.modeNow());
  useEffect(() => {
    set(live.modeNow());  // it may have changed before this listened
    return live.subscribe((kind) => kind === "mode" && set(live.modeNow()));
  }, []);
  return mode;
}

const kThemes = { auto: "As the system", light: "Light", dark: "Dark" };
function useTheme() {
  const [theme, set] = useState(() => {
    try {
      return localStorage.getItem("rondo-theme") || "auto";
    } catch {
      return "auto";
    }
  });
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("rondo-theme", theme);
    } catch { /* a browser that keeps nothing: the choice lasts as long as the page */ }
    dispatchEvent(new Event("rondo-theme"));
  }, [theme]);
  return [theme, set];
}

const kModes = {
  starting: ["plain", "connecting"],
  live: ["good", "live"],
  polling: ["plain", "every 2 s"],
  lost: ["bad", "no connection"],
};

function Frame({ route, session, setSession, children, name }) {
  const [theme, setTheme] = useTheme();
  const [tone, modeText] = kModes[useMode()];
  const current = route.path[0] === "why" ? "decisions" : route.path[0] || "";
  const leave = async () => setSession(await logout());
  return html`<a class="skip" href="#main" onClick=${(e) => {
    e.preventDefault();
    document.querySelector("main").focus();
  }}>Skip to the page</a>
  <header class="side"><a class="brand" href="#/"><svg viewBox="0 0 32 32" aria-hidden="true"><g
    fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"><path
    d="M26 16a10 10 0 1 1-4-8" /><path d="M22 3v5h-5" stroke-linejoin="round"
      /></g></svg><span>${name
    || "Rondo"}</span></a>
  <nav aria-label="Pages"><ul>${kPages.map(([key, title]) => html`<li><a href=${"#/" + key}
    aria-current=${key === current ? "page" : undefined}>${title}</a></li>`)}</ul></nav>
  <div class="side-foot"><span class=${"dot " + tone}></span><span
    role="status">${modeText}</span>
    <label class="theme"><span class="sr">Colours</span><select value=${theme}
      onChange=${(e) => setTheme(e.target.value)}>${Object.entries(kThemes).map(([key, text]) =>
      html`<option value=${key}>${text}</option>`)}</select></label>
    ${session && (session.who === "anonymous" ? html`<a href="#/login">Sign in</a>` : html`<span
      class="who" title=${session.roles.join(", ")}>${session.who}</span> <button type="button"
      class="quiet" onClick=${leave}>Sign out</button>`)}</div></header>
  <main id="main" tabindex="-1">${children}</main>`;
}

function Missing() {
  return html`<${Page} title="There is no such page"><p><a href="#/">Go to the lifecycle</a>
    </p></${Page}>`;
}

function View({ route, session, setSession }) {
  const key = route.path[0] || "";
  const [module, set] = useState(key === "" ? { key, page: lifecycle } : null);
  useEffect(() => {
    const found = [...kPages, ...kHidden].find(([name]) => name === key);
    if (!found) {
      set({ key, page: { default: Missing } });
      return;
    }
    found[2]().then((page) => set({ key, page }), (error) => set({ key, error }));
  }, [key]);
  useEffect(() => {
    scrollTo(0, 0);
  }, [route.path.join("/")]);
  if (!module || module.key !== key) return html`<${Loading} />`;
  if (module.error) return html`<${Fault} error=${module.error} />`;
  return html`<${module.page.default} route=${route} session=${session} setSession=${setSession}
    />`;
}

/** Several projects behind one port: each has its own console. */
function Projects({ projects }) {
  return html`<main id="main" class="alone"><${Page} title="Projects"><ul class="projects">${
    projects.map((p) => html`<li class="card"><h2>${p.state === "closed" ? p.name : html`<a
      href=${p.url}>${p.name}</a>`}</h2><p>${p.state === "closed" ? `not served: ${p.reason}`
      : p.version ? `version ${p.version} answers` : "no model yet"}</p>
      ${(p.alerts || []).map((a) =>
      html`<p class="bad-text">${a}</p>`)}</li>`)}</ul></${Page}></main>`;
}

function App({ first }) {
  const route = useHash();
  const [session, setSession] = useState(first);
  // A server that was started anew knows nobody.
  useEffect(() => live.subscribe((kind) => {
    if (kind !== "mode" || live.modeNow() !== "live") return;
    if (lost) askSession().then(setSession, () => {});
    lost = false;
  }), []);
  useEffect(() => live.subscribe((kind) => {
    if (kind === "mode" && live.modeNow() === "lost") lost = true;
  }), []);
  return html`<${Frame} route=${route} session=${session} setSession=${setSession}
    name=${session && session.project}><${View} route=${route} session=${session}
    setSession=${setSession} /></${Frame}>`;
}

/** A long store is being read; the page comes by itself once it is. */
function Starting() {
  const [said, set] = useState({ what: "", done: 0, of: 0 });
  useEffect(() => {
    const look = () => starting().then((now) => now ? set(now) : location.reload(), () => {});
    look();
    const timer = setInterval(look, 500);
    return () => clearInterval(timer);
  }, []);
  const share = said.of ? said.done / said.of : undefined;
  return html`<main id="main" class="alone"><${Page} title="Rondo is starting"
    lead="What the project has lived through is being read. This page opens by itself."><${Card}>
    <progress class="start" aria-label="how much is read" max="1" value=${share}></progress>
    <p class="muted">${said.of ? `${num(said.done)} of ${num(said.of)} ${said.what} are read, ${
      percent(share)}.` : "The store is being opened."} Until then nothing is
      predicted.</p></${Card}></${Page}></main>`;
}

async function start() {
  const root = document.getElementById("app"), boot = document.getElementById("boot");
  addEventListener("rondo-starting", () => {
    document.getElementById("boot")?.remove();
    live.stop();
    render(html`<${Starting} />`, root);
  }, { once: true });
  const code = /^#login=([\w-]+)$/.exec(location.hash);
  if (code) history.replaceState(null, "", "#/");
  let who = null;
  try {
    who = code ? await login({ code: code[1] }) : await askSession();
  } catch (error) {
    if (error.status === 404) {
      const { projects } = await get("api/v1/projects");
      boot.remove();
      render(html`<${Projects} projects=${projects} />`, root);
      return;
    }
    if (error.code === "starting") return;
    if (code) location.hash = "#/login?failed=code";
    who = await askSession().catch(() => null);
  }
  if (who && !who.roles.length && !code) location.hash = "#/login";
  await firstAnswers();  // so that the page is drawn once, with what it shows
  live.start();
  boot.remove();
  render(html`<${App} first=${who} />`, root);
}

let lost = false;
start();
