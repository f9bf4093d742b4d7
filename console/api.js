// The one way to the server: JSON in, JSON out, and every refusal as the same kind of error.
// Paths are relative to the page, so that a project below /p/NAME/ works as one that is alone.

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
    const got = await ask("GET", path);
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
export const post = async (path, body, headers) =>
  valueOf(await ask("POST", path, body, headers));

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
