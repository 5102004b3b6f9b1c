// Live status of cameras. A page works without it; with it, these follow their cameras:
//   [data-camera="name"]         gets data-state
//   [data-camera-state="name"]   gets data-state, the state's label as text, and the reason as title
//   [data-camera-reason="name"]  gets the reason as text
// The words come from <script type="application/json" id="live-texts">: {"states": {...}, "reasons": {...}}.
// Other modules hear "camera-status" on the document, with the status as detail, and "messages-changed".

import { stateOf } from "./camera_state.js";

const FIRST_DELAY = 500;
const LAST_DELAY = 30_000;
const SILENCE = 40_000; // the server speaks every 15 s
const SIGNED_OUT = 4401;
const TOO_MANY = 4429;

let texts = { states: {}, reasons: {} };
let socket = null;
let delay = FIRST_DELAY;
let watchdog = 0;
let known = new Map();

function reasonOf(camera, state) {
  if (state === "online") return "";
  if (state === "offline") return texts.reasons[camera.error.code] ?? texts.reasons.unknown ?? "";
  return texts.reasons[state] ?? "";
}

function setText(element, words) {
  if (words !== undefined && element.textContent !== words) element.textContent = words;
}

function show(root, camera) {
  const state = stateOf(camera);
  const reason = reasonOf(camera, state);
  const name = CSS.escape(camera.name);
  const each = (attribute, work) => root.querySelectorAll(`[${attribute}="${name}"]`).forEach(work);
  each("data-camera", (element) => (element.dataset.state = state));
  each("data-camera-reason", (element) => setText(element, reason));
  each("data-camera-state", (element) => {
    element.dataset.state = state;
    setText(element, texts.states[state]);
    if (reason) element.title = reason;
    else element.removeAttribute("title");
  });
}

function apply(camera) {
  known.set(camera.name, camera);
  show(document, camera);
  document.dispatchEvent(new CustomEvent("camera-status", { detail: camera }));
}

function listen(event) {
  rearm();
  const message = JSON.parse(event.data);
  if (message.type === "snapshot") known = new Map();
  if (message.type === "messages") document.dispatchEvent(new CustomEvent("messages-changed"));
  message.cameras.forEach(apply);
}

function rearm() {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => socket?.close(), SILENCE);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/ws/live`);
  socket.addEventListener("open", () => {
    delay = FIRST_DELAY;
    document.documentElement.dataset.live = "on";
    rearm();
  });
  socket.addEventListener("message", listen);
  socket.addEventListener("close", (event) => {
    clearTimeout(watchdog);
    delete document.documentElement.dataset.live;
    socket = null;
    if (event.code === SIGNED_OUT) return;
    if (event.code === TOO_MANY) delay = LAST_DELAY;
    // Jitter, or all browsers of a restarted server come back in the same moment.
    setTimeout(connect, delay * (0.5 + Math.random()));
    delay = Math.min(delay * 2, LAST_DELAY);
  });
}

function follow() {
  const words = document.getElementById("live-texts");
  if (words) texts = { ...texts, ...JSON.parse(words.textContent) };
  // What htmx brings into the page is as old as its answer: show on it what we know.
  document.addEventListener("htmx:afterSettle", (event) => known.forEach((camera) => show(event.target, camera)));
  // Timers stand still in a sleeping tab: on waking, ask how things are now.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && socket?.readyState === WebSocket.OPEN) socket.send('{"type":"resync"}');
  });
  connect();
}

follow();
