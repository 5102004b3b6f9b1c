// Live status of cameras. A page works without it; with it, every [data-camera="name"] follows its camera.
//
// Such an element gets one of the classes is-online, is-error, is-offline, is-disabled, the same in data-state, and a
// text: into its [data-camera-text] child if there is one, else into itself unless it says data-camera-silent.
// The words come from <script type="application/json" id="live-texts">: online, offline, disabled, and one for each
// error code. Other modules hear "camera-status" on the document, with the status as detail.

const STATES = ["online", "error", "offline", "disabled"];
const FIRST_DELAY = 500;
const LAST_DELAY = 30_000;
const SILENCE = 40_000; // the server speaks every 15 s
const SIGNED_OUT = 4401;
const TOO_MANY = 4429;

let texts = {};
let socket = null;
let delay = FIRST_DELAY;
let watchdog = 0;
let known = new Map();

function stateOf(camera) {
  if (!camera.enabled) return "disabled";
  if (camera.alive) return "online";
  return camera.error ? "error" : "offline";
}

function show(element, camera) {
  const state = stateOf(camera);
  element.classList.remove(...STATES.map((name) => `is-${name}`));
  element.classList.add(`is-${state}`);
  element.dataset.state = state;
  const words = texts[camera.error?.code] && state === "error" ? texts[camera.error.code] : texts[state];
  const place = element.querySelector("[data-camera-text]") ?? (element.hasAttribute("data-camera-silent") ? null : element);
  if (place && words && place.textContent !== words) place.textContent = words;
  if (state === "error" && words) element.title = words;
  else element.removeAttribute("title");
}

function apply(camera) {
  known.set(camera.name, camera);
  for (const element of document.querySelectorAll(`[data-camera="${CSS.escape(camera.name)}"]`)) show(element, camera);
  document.dispatchEvent(new CustomEvent("camera-status", { detail: camera }));
}

// What htmx brings into the page is as old as its answer: show on it what we know.
function applyWithin(root) {
  for (const element of root.querySelectorAll?.("[data-camera]") ?? []) {
    const camera = known.get(element.dataset.camera);
    if (camera) show(element, camera);
  }
}

function listen(event) {
  rearm();
  const message = JSON.parse(event.data);
  if (message.type === "snapshot") known = new Map();
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

function followCameras() {
  const words = document.getElementById("live-texts");
  texts = words ? JSON.parse(words.textContent) : {};
  document.addEventListener("htmx:afterSettle", (event) => applyWithin(event.target));
  // Timers stand still in a sleeping tab: on waking, ask how things are now.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && socket?.readyState === WebSocket.OPEN) socket.send('{"type":"resync"}');
  });
  connect();
}

followCameras();
