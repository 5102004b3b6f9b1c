// The player: puts the parts together and keeps what is on show in the address (?at= moment, ?span= zoom).
import { showToast } from "../toasts.js";
import { Access } from "./access.js";
import { Calendar } from "./calendar.js";
import { dayStart, isForeignZone, nextDay, now, parts, say, setClock, zoneName } from "./clock.js";
import { Download } from "./download.js";
import { Recordings } from "./recordings.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";

const STEP = 10;

const root = document.querySelector("[data-player]");
const settings = JSON.parse(document.getElementById("player").textContent);
const { words } = settings;
const find = (name) => root.querySelector(`[data-${name}]`);
setClock(settings);

const access = new Access(settings);
const recordings = new Recordings(access, settings.archive.from);
const stage = new Stage(find("video"), access);
const timeline = new Timeline(find("timeline"), recordings, words);
const calendar = new Calendar(find("calendar"), recordings);
const download = new Download(find("download-panel"), access, recordings, timeline, words);
const camera = { state: settings.state, reason: settings.reason, enabled: settings.enabled };
let hoverTimer = 0;

// -- what is on show

function goLive() {
  if (!camera.enabled) {
    stage.stop();
    announce("video-off", words.disabled, settings.reason);
    return;
  }
  stage.wantsToPlay = true;
  stage.attempt = 0;
  stage.live();
  remember({ at: null });
  paint();
}

function goTo(moment, { exact = false } = {}) {
  if (!settings.archive.allowed) {
    showToast(words.archiveForbidden, "warning");
    return;
  }
  if (moment >= now() - 2) {
    goLive();
    return;
  }
  const start = exact || recordings.at(moment) ? moment : recordings.after(moment);
  if (start === null || start >= now() - 2) {
    goLive();
    return;
  }
  stage.wantsToPlay = true;
  stage.attempt = 0;
  stage.archive(start);
  timeline.follow(start);
  remember({ at: Math.floor(start) });
  paint();
}

// Some seconds on or back; back from live is into the archive.
function skip(seconds) {
  const from = stage.moment() ?? (stage.mode === "archive" ? stage.from : now());
  const target = from + seconds;
  if (stage.mode === "live" && seconds > 0) return;
  if (stage.mode === "archive" && stage.seekInside(target)) {
    timeline.follow(target);
    return;
  }
  goTo(seconds < 0 ? (recordings.at(target) ? target : before(target)) : target);
}

// Going back over a gap lands at the end of the recording before it.
function before(moment) {
  const span = recordings.spans.findLast((each) => each.to <= moment);
  return span ? Math.max(span.from, span.to - STEP) : moment;
}

function onEnded() {
  if (stage.mode !== "archive") return;
  const last = (stage.moment() ?? stage.from) + 0.5;
  const next = recordings.after(last);
  if (next !== null && next < now() - 30) goTo(next);
  else goLive();
}

function remember(changes) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) address.searchParams.delete(name);
    else address.searchParams.set(name, String(value));
  }
  history.replaceState(null, "", address);
}

// -- messages over the picture

function announce(icon, title, text = "", { busy = false } = {}) {
  const message = find("message");
  message.hidden = !title;
  message.classList.toggle("is-busy", busy);
  if (!title) return;
  const use = message.querySelector("use");
  use.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${icon}`);
  find("message-title").textContent = title;
  find("message-text").textContent = text ?? "";
}

function onState({ state, why, code }) {
  root.dataset.state = state;
  if (state === "playing") announce("", "");
  else if (state === "connecting") onConnecting();
  else if (state === "paused") announce("player-play", why === "autoplay" ? words.playAnyway : "");
  else if (state === "stalled") onStalled(why, code);
  else if (state === "failed") onFailed(why, code);
  paint();
}

function onConnecting() {
  const offline = stage.mode === "live" && camera.state === "offline";
  if (offline) announce("plug-x", words.offline, camera.reason);
  else announce("loader-2", words.connecting, "", { busy: true });
}

function onStalled(why, code) {
  if (stage.mode === "live" && (why === "offline" || camera.state === "offline")) {
    const known = camera.state === "offline" || code in settings.reasons;
    const reason = settings.reasons[code] ?? camera.reason;
    if (known) announce("plug-x", words.offline, reason);
    else announce("loader-2", words.connecting, camera.reason, { busy: true });
  } else {
    announce("loader-2", words.stalled, "", { busy: true });
  }
}

function onFailed(why) {
  if (why === "forbidden") announce("lock", words.forbidden, words.forbiddenMore);
  else if (why === "unsupported") announce("alert-triangle", words.unsupported, words.unsupportedMore);
  else announce("archive", words.noArchive, words.noArchiveMore);
}

document.addEventListener("camera-status", ({ detail }) => {
  if (detail.name !== settings.name) return;
  const wasOnline = camera.state === "online";
  camera.enabled = detail.enabled;
  camera.state = detail.alive ? "online" : detail.error ? "offline" : "waiting";
  camera.reason = detail.error ? (settings.reasons[detail.error.code] ?? settings.reasons.unknown) : "";
  if (stage.mode === "live" && camera.state === "online" && !wasOnline && stage.state === "stalled") stage.again();
  if (stage.mode === "idle" && camera.enabled) goLive();
  if (stage.mode === "live" && !camera.enabled) goLive();
});

// -- the bar below the picture

function paint() {
  const moment = stage.moment();
  const live = stage.mode === "live";
  const playing = stage.wantsToPlay && stage.state !== "paused";
  find("live").setAttribute("aria-pressed", String(live));
  find("play").setAttribute("aria-label", playing ? words.pause : words.play);
  find("play").title = find("play").getAttribute("aria-label");
  root.classList.toggle("is-playing", playing);
  root.classList.toggle("is-live", live);
  find("speed").disabled = live;
  const shown = moment ?? (stage.mode === "archive" ? stage.from : null);
  find("clock").textContent = shown === null ? "" : say("time", shown);
  find("date").textContent = dayName(shown ?? now());
  if (shown !== null && !stage.video.seeking) timeline.follow(shown);
}

function dayName(moment) {
  const today = dayStart(now());
  const day = dayStart(moment);
  if (day === today) return words.today;
  return day === dayStart(today - 3600) ? words.yesterday : say("day", moment);
}

function paintLevels() {
  const select = find("quality");
  const levels = stage.hls?.levels ?? [];
  select.hidden = levels.length < 2 || stage.mode !== "live";
  if (select.hidden) return;
  const options = levels.map((level, index) => new Option(level.height ? `${level.height}p` : `#${index + 1}`, String(index)));
  const chosen = stage.hls.autoLevelEnabled ? "-1" : String(stage.hls.nextLevel);
  select.replaceChildren(new Option(words.auto, "-1"), ...options);
  select.value = chosen;
}

function togglePlay() {
  if (stage.state === "failed") {
    if (stage.mode === "live") goLive();
    return;
  }
  if (stage.wantsToPlay && !stage.video.paused) stage.pause();
  else stage.resume();
  paint();
}

function setVolume(volume, muted) {
  stage.video.volume = volume;
  stage.video.muted = muted;
  find("volume").value = String(muted ? 0 : volume);
  root.classList.toggle("is-muted", muted || volume === 0);
  find("mute").setAttribute("aria-pressed", String(muted || volume === 0));
  localStorage.setItem("perch-volume", JSON.stringify({ volume, muted }));
}

async function saveSnapshot() {
  const picture = await stage.snapshot();
  if (!picture) {
    showToast(words.snapshotFailed, "warning");
    return;
  }
  const at = parts(stage.moment() ?? now());
  const two = (number) => String(number).padStart(2, "0");
  const stamp = `${at.year}${two(at.month)}${two(at.day)}-${two(at.hour)}${two(at.minute)}${two(at.second)}`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = `${settings.name.replaceAll("/", "-")}-${stamp}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function toggleFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (root.requestFullscreen) root.requestFullscreen();
  else stage.video.webkitEnterFullscreen?.();
}

function paintZoom() {
  const { span } = timeline;
  for (const button of root.querySelectorAll("[data-span]")) {
    button.setAttribute("aria-pressed", String(Math.abs(span - Number(button.dataset.span)) < span * 0.05));
  }
  const middle = (timeline.view.from + Math.min(timeline.view.to, now())) / 2;
  find("day").textContent = say("long", middle);
  find("day-after").disabled = timeline.view.to >= now();
}

function showDay(days) {
  const middle = (timeline.view.from + timeline.view.to) / 2;
  const day = nextDay(dayStart(middle), days);
  timeline.touchedAt = performance.now();
  if (timeline.span > 43200) timeline.showDay(day);
  else timeline.pan(day - dayStart(middle));
}

async function playDay(day) {
  const end = nextDay(day);
  await recordings.load(day, end);
  const [first] = recordings.within(day, end);
  timeline.showDay(day);
  if (first) goTo(first.from);
  else showToast(words.noArchive, "warning");
}

// -- the moment under the pointer, with its picture

function onHover(moment) {
  clearTimeout(hoverTimer);
  if (moment === null) return;
  const tip = find("tip");
  const image = find("tip-picture");
  find("tip-time").textContent = timeline.span > 86400 ? `${say("day", moment)} ${say("time", moment)}` : say("time", moment);
  const recorded = Boolean(recordings.at(moment));
  find("tip-note").textContent = moment > now() ? "" : recorded ? words.recorded : whyMissing(moment);
  const half = tip.offsetWidth / 2;
  const x = Math.min(Math.max(timeline.x(moment), half), timeline.width - half);
  tip.style.setProperty("translate", `${x - half}px 0`);
  if (!recorded) {
    image.hidden = true;
    return;
  }
  hoverTimer = setTimeout(() => {
    const picture = new Image();
    picture.addEventListener("load", () => {
      if (timeline.hover === null || Math.abs(timeline.hover - moment) > timeline.span / 100) return;
      image.src = picture.src;
      image.hidden = false;
    });
    picture.src = access.url(`${Math.floor(moment)}-preview.jpg`);
  }, 120);
}

function whyMissing(moment) {
  if (settings.archive.from && moment < settings.archive.from) return words.tooOld;
  return words.missing;
}

// -- hands

const actions = {
  play: togglePlay,
  live: goLive,
  back: () => skip(-STEP),
  on: () => skip(STEP),
  mute: () => setVolume(stage.video.volume || 1, !stage.video.muted),
  snapshot: saveSnapshot,
  fullscreen: toggleFullscreen,
  download: () => (download.isOpen ? download.close() : download.open(stage.moment() ?? now() - 60)),
  "day-before": () => showDay(-1),
  "day-after": () => showDay(1),
  day: () => (calendar.isOpen ? calendar.close() : calendar.open((timeline.view.from + timeline.view.to) / 2)),
  "zoom-in": () => timeline.zoom(0.5),
  "zoom-out": () => timeline.zoom(2),
};
for (const [name, act] of Object.entries(actions)) find(name)?.addEventListener("click", act);
for (const button of root.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => timeline.zoomTo(Number(button.dataset.span)));
}
find("speed").addEventListener("change", (event) => stage.setRate(Number(event.target.value)));
find("quality").addEventListener("change", (event) => (stage.hls.nextLevel = Number(event.target.value)));
find("volume").addEventListener("input", (event) => setVolume(Number(event.target.value), Number(event.target.value) === 0));
find("video").addEventListener("click", togglePlay);
find("video").addEventListener("dblclick", toggleFullscreen);
find("message").addEventListener("click", () => stage.state === "paused" && togglePlay());

stage.addEventListener("state", (event) => onState(event.detail));
stage.addEventListener("time", paint);
stage.addEventListener("levels", paintLevels);
stage.addEventListener("ended", onEnded);
timeline.addEventListener("pick", (event) => goTo(event.detail));
timeline.addEventListener("hover", (event) => onHover(event.detail));
timeline.addEventListener("view", () => {
  paintZoom();
  clearTimeout(timeline.remembering);
  timeline.remembering = setTimeout(() => remember({ span: Math.round(timeline.span) }), 400);
});
calendar.addEventListener("pick", (event) => playDay(event.detail));
download.addEventListener("toggle", () => find("download").setAttribute("aria-pressed", String(download.isOpen)));
recordings.addEventListener("change", () => {
  find("timeline-note").hidden = !recordings.failed || recordings.failed.status === 404;
  if (recordings.failed && recordings.failed.status !== 404) {
    setTimeout(() => recordings.want(timeline.view.from, timeline.view.to), 5000);
  }
});

const keys = {
  " ": togglePlay,
  k: togglePlay,
  l: goLive,
  f: toggleFullscreen,
  m: actions.mute,
  s: saveSnapshot,
  d: actions.download,
  ArrowLeft: (event) => skip(event.shiftKey ? -60 : -STEP),
  ArrowRight: (event) => skip(event.shiftKey ? 60 : STEP),
  ArrowUp: () => timeline.zoom(0.5),
  ArrowDown: () => timeline.zoom(2),
  "+": () => timeline.zoom(0.5),
  "-": () => timeline.zoom(2),
  ",": () => stage.mode === "archive" && stage.step(-1, settings.fps),
  ".": () => stage.mode === "archive" && stage.step(1, settings.fps),
  "?": () => find("help").toggleAttribute("open"),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    if (calendar.isOpen) calendar.close();
    else if (download.isOpen) download.close();
    return;
  }
  if (event.target.closest("input, textarea, select")) return;
  const onButton = event.target.closest("button, a, summary");
  if (onButton && (event.key === " " || event.key === "Enter")) return;
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});
document.addEventListener("click", (event) => {
  if (calendar.isOpen && !event.target.closest("[data-calendar], [data-day]")) calendar.close();
});

// -- begin

function begin() {
  const query = new URLSearchParams(location.search);
  const span = Number(query.get("span")) || 3600;
  const at = Number(query.get("at"));
  const volume = JSON.parse(localStorage.getItem("perch-volume") ?? "null");
  setVolume(volume?.volume ?? 1, true); // browsers let only silent video start by itself
  find("zone").textContent = zoneName();
  find("zone").classList.toggle("is-foreign", isForeignZone());
  const middle = at > 0 && at < now() ? at : now();
  timeline.show(middle - span / 2, middle + span / 2);
  if (!settings.playback.base) announce("server-off", words.noStreamer);
  else if (at > 0 && at < now() && settings.archive.allowed) goTo(at, { exact: true });
  else goLive();
  paint();
}

begin();
