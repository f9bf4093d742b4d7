// What is new: server-sent events where they work, else a look at the status every two seconds.
// Pages subscribe and ask again for what they show.
import { fetchText, urlOf } from "./api.js";

const kPoll = 2000;
const listeners = new Set();
let mode = "starting", source = null, timer = 0, last = "", wanted = true;

function tell(kind) {
  for (const one of [...listeners]) one(kind);
}

function become(next) {
  if (mode === next) return;
  mode = next;
  tell("mode");
}

/** Asks for the status: is it another than when somebody looked last? */
async function compare() {
  const { text } = await fetchText("api/v1/status");
  if (last && text !== last) tell("news");
  last = text;
}

async function poll() {
  clearTimeout(timer);
  if (!wanted) return;
  try {
    await compare();
    become("polling");
  } catch (error) {
    become(error.status === 0 ? "lost" : "polling");
    if (error.status === 501) return;  // a file answers, and has no loop to look at
  }
  if (!source) timer = setTimeout(poll, kPoll);
}

function listen() {
  clearTimeout(timer);
  source = new EventSource(urlOf("api/v1/events"));
  source.addEventListener("open", () => become("live"));
  source.addEventListener("hello", compare);  // something may have changed before it listened
  source.addEventListener("change", () => tell("news"));
  source.addEventListener("end", () => become("lost"));
  source.addEventListener("error", () => {
    const refused = source && source.readyState === EventSource.CLOSED;
    become("lost");
    if (!refused) return;  // the browser asks again by itself
    source = null;
    poll();
  });
}

/** Pages in the background hold no connection. */
function onVisibility() {
  wanted = document.visibilityState === "visible";
  if (!wanted) {
    if (source) source.close();
    source = null;
    clearTimeout(timer);
  } else if (!source) {
    listen();
  }
}

export function start() {
  document.addEventListener("visibilitychange", onVisibility);
  listen();
}
export function stop() {
  document.removeEventListener("visibilitychange", onVisibility);
  wanted = false;
  if (source) source.close();
  source = null;
  clearTimeout(timer);
}
/** The status as a page just got it. */
export function note(text) {
  last = text;
}
export const modeNow = () => mode;
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
