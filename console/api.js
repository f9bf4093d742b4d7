// The one way to the server: JSON in, JSON out, and every refusal as the same kind of error.
// Paths are relative to the page, so that a project below /p/NAME/ works as one that is alone.
// This module runs before the others are there, and asks for what the first page will want.

export class ApiError extends Error {
  constructor(status, code, message, hint) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint || "";
  }
}

const base = new URL(".", document.baseURI);
let csrf = "";

export const urlOf = (path) => new URL(path, base).href;

const kHome = ["api/v1/status", "api/v1/history?last=100", "api/v1/alerts",
  "api/v1/deployments"];
const kFresh = 3000;       // ms for which an answer that came early is as good as a new one
const early = new Map();   // of a path, {answer: a promise, got: what it gave, at}

function askEarly(path) {
  const one = { answer: ask("GET", path), got: null, at: performance.now() };
  early.set(path, one);
  return one.answer.then((got) => one.got = got);
}

/** What was asked for before; each answer is taken once. */
function takeEarly(path) {
  const one = early.get(path);
  early.delete(path);
  return one && performance.now() - one.at < kFresh ? one.answer : null;
}

/** {text, value} that came early and was not taken yet; null: there is none. */
export function atHand(path) {
  const one = early.get(path);
  if (!one || !one.got || !one.got.reply.ok || performance.now() - one.at > kFresh) return null;
  return { text: one.got.text, value: valueOf(one.got) };
}

/** Until the first page has what it shows, or a moment later. */
export const firstAnswers = () => Promise.race([pause(250),
  Promise.allSettled([...early.values()].map((one) => one.answer))]);

async function ask(method, path, body, headers = {}) {
  const wish = { method, headers: { Accept: "application/json", ...headers } };
  if (body !== undefined) {
    wish.headers["Content-Type"] = "application/json";
    wish.body = JSON.stringify(body);
  }
  if (method !== "GET" && csrf) wish.headers["Rondo-Csrf"] = csrf;
  let reply;
  try {
    reply = await fetch(urlOf(path), wish);
  } catch {
    throw new ApiError(0, "unreachable", "the server does not answer",
      "it may have ended; `rondo up` starts it again");
  }
  return { reply, text: await reply.text() };
}

function valueOf({ reply, text }) {
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    if (reply.ok) return text;
  }
  if (reply.ok) return value;
  const error = value && value.error;
  if (error && error.code === "starting") dispatchEvent(new Event("rondo-starting"));
  if (error && typeof error === "object") {
    throw new ApiError(reply.status, error.code, error.message, error.hint);
  }
  throw new ApiError(reply.status, "http", typeof error === "string" ? error : reply.statusText);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A server that has much to do says when to ask again. */
async function patiently(path) {
  for (let left = 4; ; --left) {
    const got = await (takeEarly(path) || ask("GET", path));
    const after = Number(got.reply.headers.get("Retry-After"));
    if (got.reply.status !== 503 || !after || after > 2 || left === 0
      || got.text.includes('"starting"')) return got;
    await pause(1000 * after);
  }
}

/** The text of a GET with its value: who asks again compares texts. Throws ApiError. */
export async function fetchText(path) {
  const got = await patiently(path);
  return { text: got.text, value: valueOf(got) };
}

export const get = async (path) => (await fetchText(path)).value;
export async function post(path, body, headers) {
  early.clear();
  return valueOf(await ask("POST", path, body, headers));
}

/** How far the start of the server is, {what, done, of}; null: it is over. */
export async function starting() {
  const said = JSON.parse((await ask("GET", "health/ready")).text);
  return said.status === "starting" ? said : null;
}

/** Who this browser is to the server: {who, roles, csrf}. */
export async function session() {
  const said = await get("api/v1/session");
  csrf = said.csrf || "";
  return said;
}

export async function login(secret) {
  await post("api/v1/login", secret);
  return session();
}

export async function logout() {
  await post("api/v1/logout", {});
  return session();
}

if (!location.hash.startsWith("#login=")) {
  const home = location.hash.replace(/^#\/?/, "") === "";
  askEarly("api/v1/session").then((got) => {
    const may = got.reply.ok && valueOf(got).roles.length > 0;  // else it has to sign in first
    if (home && may) for (const path of kHome) askEarly(path).catch(() => {});
  }).catch(() => {});
}
