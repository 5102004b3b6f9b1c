// The player: puts the parts together and keeps what is on show in the address (?at= moment, ?span= zoom).
import { stateOf } from "../camera_state.js";
import { showToast } from "../toasts.js";
import { Access } from "./access.js";
import { age, remember } from "./address.js";
import { Calendar } from "./calendar.js";
import { dayStart, isForeignZone, nextDay, now, say, setClock, zoneName } from "./clock.js";
import { Download } from "./download.js";
import { keepMoment } from "./keep.js";
import { listenToKeys } from "./keys.js";
import { Message } from "./message.js";
import { Quality } from "./quality.js";
import { Reach } from "./reach.js";
import { Reasons } from "./reasons.js";
import { Recordings } from "./recordings.js";
import { savePicture } from "./snapshot.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";
import { Tip } from "./tip.js";

const STEP = 10;
const REMEMBER = 5_000; // ms between two notes of the moment in the address

const root = document.querySelector("[data-player]");
const settings = JSON.parse(document.getElementById("player").textContent);
const { words } = settings;
const find = (name) => root.querySelector(`[data-${name}]`);
setClock(settings);

const access = new Access(settings);
const reach = new Reach(settings.archive);
const recordings = new Recordings(access, reach);
const stage = new Stage(find("video"), access);
const reasons = new Reasons(settings.reasonsAt, reach.allowed);
const timeline = new Timeline(find("timeline"), recordings, reasons);
const calendar = new Calendar(find("calendar"), recordings);
const download = new Download(find("download-panel"), access, recordings, timeline, words);
const message = new Message(find("message"));
new Quality(find("quality"), stage, words);
new Tip(find("tip"), timeline, access, reach, words, reasons);
const camera = { state: settings.state, reason: settings.reason, enabled: settings.enabled };
let turn = 0; // whoever asked last is answered

// -- what is on show

function goLive() {
  turn += 1;
  setRate(1);
  remember({ at: null });
  if (!camera.enabled) {
    stage.stop();
    const why = camera.state === "private" ? "private" : "disabled";
    message.show(why === "private" ? "eye-off" : "video-off", words[why], settings.reasons[why]);
    paint();
    return;
  }
  stage.wantsToPlay = true;
  stage.attempt = 0;
  stage.live();
  paint();
}

async function goTo(moment, { exact = false } = {}) {
  if (!reach.allowed) {
    showToast(words.archiveForbidden, "warning");
    return;
  }
  turn += 1;
  const mine = turn;
  const start = exact ? moment : await recordedAt(moment);
  if (mine !== turn) return;
  if (start === null || start >= now() - 2) goLive();
  else playFrom(start);
}

// The moment if it was recorded, else the first after it that was; null when there is none up to now.
async function recordedAt(moment) {
  if (moment >= now() - 2) return null;
  if (!recordings.knows(moment)) await recordings.load(moment - 600, moment + 3600);
  if (recordings.failed) return moment; // the streamer shall say itself what it has
  return recordings.at(moment) ? moment : recordings.next(moment);
}

function playFrom(start) {
  stage.wantsToPlay = true;
  stage.attempt = 0;
  stage.archive(start);
  timeline.follow(start);
  remember({ at: Math.floor(start) });
  paint();
}

// Some seconds on or back; back from live is into the archive.
function skip(seconds) {
  if (stage.mode === "live" && seconds > 0) return;
  const target = shownMoment() + seconds;
  if (stage.mode === "archive" && stage.state !== "failed" && stage.seekInside(target)) {
    timeline.follow(target);
    remember({ at: Math.floor(target) });
    return;
  }
  goTo(seconds < 0 ? recordings.before(target, STEP) : target);
}

function shownMoment() {
  return stage.moment() ?? (stage.mode === "archive" ? stage.from : now());
}

async function onEnded() {
  if (stage.mode !== "archive") return;
  const mine = turn;
  const last = (stage.shown ?? stage.from) + 0.5;
  const next = await recordings.next(last);
  if (mine !== turn) return;
  if (next !== null && next < now() - 30) playFrom(next);
  else goLive();
}

// -- messages over the picture

function onState({ state, why, code }) {
  root.dataset.state = state;
  if (state === "playing") message.clear();
  else if (state === "connecting") onConnecting();
  else if (state === "paused") onPaused(why);
  else if (state === "stalled") onStalled(why, code);
  else if (state === "failed") onFailed(why);
  paint();
}

function onConnecting() {
  if (stage.mode === "live" && camera.state === "offline") message.show("plug-x", words.offline, camera.reason, lastRecorded());
  else message.wait(words.connecting, stage.mode === "live" && camera.state === "waiting" ? camera.reason : "");
}

function onPaused(why) {
  if (why === "autoplay") message.show("player-play", words.playAnyway);
  else message.clear();
  if (stage.mode === "archive" && stage.shown) remember({ at: Math.floor(stage.shown) });
}

function onStalled(why, code) {
  if (stage.mode === "live" && (why === "offline" || camera.state === "offline")) {
    const reason = settings.reasons[code] ?? camera.reason;
    if (camera.state === "offline" || code in settings.reasons) message.show("plug-x", words.offline, reason, lastRecorded());
    else message.wait(words.connecting, camera.reason);
  } else {
    message.wait(words.stalled);
  }
}

const lastRecorded = () => (reach.allowed && recordings.spans.length ? ["last"] : []);

async function onFailed(why) {
  if (why === "unsupported") message.show("alert-triangle", words.unsupported, words.unsupportedMore);
  else if (why === "signedOut") message.show("lock", words.signedOut, words.signedOutMore, ["reload"]);
  else if (why === "nothing") onNothing();
  else if (why === "liveOnly") onLiveOnly();
  else if (why === "ended") message.show("lock", words.ended, words.endedMore, ["again"]);
  else if (why === "tooMany") message.show("lock", words.tooMany, words.tooManyMore, ["again"]);
  else await onForbidden();
}

function onNothing() {
  const title = reach.forbids(stage.from) ? words.limit : words.noArchive;
  message.show("archive", title, words.noArchiveMore, ["next", "live"]);
}

function onLiveOnly() {
  message.show("archive", words.archiveForbidden, "", ["live"]);
}

// Not every streamer says why: ask whether live is open before saying more than is true.
async function onForbidden() {
  message.show("lock", words.forbidden, words.forbiddenMore, ["reload"]);
  if (stage.mode !== "archive") return;
  const mine = turn;
  const isLiveOpen = await access.isOpen("info");
  if (!isLiveOpen || mine !== turn) return;
  if (stage.from < reach.earliest) onNothing();
  else onLiveOnly();
}

document.addEventListener("camera-status", ({ detail }) => {
  if (detail.name !== settings.name) return;
  const was = camera.state;
  camera.state = stateOf(detail);
  camera.enabled = detail.enabled && !detail.private;
  const code = detail.error ? detail.error.code : camera.state;
  camera.reason = settings.reasons[code] ?? (detail.error ? settings.reasons.unknown : "");
  if (stage.mode === "idle" && camera.enabled && settings.playback.addresses) goLive();
  else if (stage.mode === "live" && !camera.enabled) goLive();
  else if (stage.mode === "live" && stage.state === "stalled" && camera.state !== was) {
    if (camera.state === "online") stage.again();
    else if (camera.state === "offline") onStalled("offline", code);
  }
});

// -- the bar below the picture

function paint() {
  const live = stage.mode === "live";
  const playing = stage.wantsToPlay && !["paused", "failed", "idle"].includes(stage.state);
  find("live").setAttribute("aria-pressed", String(live));
  find("play").setAttribute("aria-label", playing ? words.pause : words.play);
  find("play").title = `${playing ? words.pause : words.play} (${words.space})`;
  root.classList.toggle("is-playing", playing);
  root.classList.toggle("is-live", live);
  find("speed").disabled = live;
  const shown = stage.moment() ?? (stage.mode === "archive" ? stage.from : null);
  find("clock").textContent = shown === null ? "" : say("time", shown);
  find("date").textContent = dayName(shown ?? now());
  if (shown === null || stage.video.seeking) return;
  timeline.follow(shown);
  if (!live && playing && age() > REMEMBER) remember({ at: Math.floor(shown) });
}

function dayName(moment) {
  const today = dayStart(now());
  const day = dayStart(moment);
  if (day === today) return words.today;
  return day === dayStart(today - 3600) ? words.yesterday : say("day", moment);
}

function togglePlay() {
  if (stage.mode === "idle" || stage.state === "failed") return;
  if (stage.wantsToPlay && !stage.video.paused) stage.pause();
  else stage.resume();
  paint();
}

function setRate(rate) {
  find("speed").value = String(rate);
  stage.setRate(rate);
}

function setVolume(volume, muted) {
  const silent = muted || volume === 0;
  stage.video.volume = volume;
  stage.video.muted = silent;
  find("volume").value = String(silent ? 0 : volume);
  root.classList.toggle("is-muted", silent);
  find("mute").setAttribute("aria-pressed", String(silent));
  localStorage.setItem("perch-volume", JSON.stringify(volume));
}

function step(frames) {
  stage.step(frames, settings.fps);
}

async function saveSnapshot() {
  const moment = shownMoment();
  if (!savePicture(await stage.snapshot(), settings.name, moment)) showToast(words.snapshotFailed, "warning");
}

function keep() {
  if (!find("keep")) return;
  const window = download.isOpen ? timeline.window : null;
  keepMoment({ address: settings.keepAt, moment: shownMoment(), window, reasons, words });
}

function toggleFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (root.requestFullscreen) root.requestFullscreen();
  else stage.video.webkitEnterFullscreen?.();
}

async function togglePicture() {
  if (document.pictureInPictureElement) await document.exitPictureInPicture();
  else if (stage.video.readyState > 0) await stage.video.requestPictureInPicture();
}

// -- days

function paintZoom() {
  const { span } = timeline;
  for (const button of root.querySelectorAll("[data-span]")) {
    button.setAttribute("aria-pressed", String(Math.abs(span - Number(button.dataset.span)) < span * 0.05));
  }
  find("day-text").textContent = say(innerWidth < 576 ? "day" : "long", middle());
  find("day-after").disabled = timeline.view.to >= now();
}

// The moment whose day is named: the one on show while it is in view.
function middle() {
  const { view, playhead } = timeline;
  if (playhead !== null && view.from <= playhead && playhead <= view.to) return playhead;
  return (view.from + Math.min(view.to, now())) / 2;
}

function showDay(days) {
  const from = dayStart(middle());
  const day = nextDay(from, days);
  timeline.touchedAt = performance.now();
  if (timeline.span > 43200) timeline.showDay(day);
  else timeline.pan(day - from);
}

async function playDay(day) {
  const end = nextDay(day);
  turn += 1;
  const mine = turn;
  await recordings.load(day, end);
  if (mine !== turn) return;
  timeline.showDay(day);
  const [first] = recordings.within(day, end);
  if (first) goTo(first.from);
  else showToast(words.noArchive, "warning");
}

// -- hands

const actions = {
  play: togglePlay,
  live: goLive,
  back: () => skip(-STEP),
  on: () => skip(STEP),
  "frame-back": () => step(-1),
  "frame-on": () => step(1),
  mute: () => setVolume(stage.video.volume || 1, !stage.video.muted),
  snapshot: saveSnapshot,
  keep,
  picture: togglePicture,
  fullscreen: toggleFullscreen,
  download: () => (download.isOpen ? download.close() : download.open(stage.moment() ?? now() - 60)),
  "day-before": () => showDay(-1),
  "day-after": () => showDay(1),
  day: () => (calendar.isOpen ? calendar.close() : calendar.open(middle())),
  "zoom-in": () => timeline.zoom(0.5),
  "zoom-out": () => timeline.zoom(2),
  keys: () => document.querySelector("[data-keys-sheet]").showModal(),
};
for (const [name, act] of Object.entries(actions)) find(name)?.addEventListener("click", act);
const answers = {
  live: goLive,
  again: () => stage.again(),
  next: () => goTo(stage.from),
  last: () => goTo(recordings.spans.at(-1).to - 60),
  reload: () => location.reload(),
};
for (const button of message.buttons) button.addEventListener("click", answers[button.dataset.action]);
for (const button of root.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => timeline.zoomTo(Number(button.dataset.span)));
}
find("speed").addEventListener("change", (event) => setRate(Number(event.target.value)));
find("volume").addEventListener("input", (event) => setVolume(Number(event.target.value), false));
find("video").addEventListener("click", togglePlay);
find("video").addEventListener("dblclick", toggleFullscreen);
find("message").addEventListener("click", (event) => {
  if (stage.state === "paused" && !event.target.closest("button")) togglePlay();
});
find("picture").hidden = !document.pictureInPictureEnabled;

stage.addEventListener("state", (event) => onState(event.detail));
stage.addEventListener("time", paint);
stage.addEventListener("ended", onEnded);
timeline.addEventListener("pick", (event) => goTo(event.detail));
timeline.addEventListener("view", () => {
  paintZoom();
  clearTimeout(timeline.remembering);
  timeline.remembering = setTimeout(() => remember({ span: Math.round(timeline.span) }), 400);
});
calendar.addEventListener("pick", (event) => playDay(event.detail));
download.addEventListener("toggle", () => find("download").setAttribute("aria-pressed", String(download.isOpen)));
recordings.addEventListener("change", () => {
  const failed = Boolean(recordings.failed) && ![403, 404].includes(recordings.failed.status);
  find("timeline-note").hidden = !failed;
  if (failed) setTimeout(() => recordings.want(timeline.view.from, timeline.view.to), 5_000);
});
document.addEventListener("click", (event) => {
  if (calendar.isOpen && !event.target.closest("[data-calendar], [data-day]")) calendar.close();
});
listenToKeys(
  {
    " ": togglePlay, k: togglePlay, l: goLive, f: toggleFullscreen, m: actions.mute, s: saveSnapshot, h: keep,
    d: () => reach.mayExport && actions.download(),
    p: () => document.pictureInPictureEnabled && togglePicture(),
    ArrowLeft: (event) => skip(event.shiftKey ? -60 : -STEP),
    ArrowRight: (event) => skip(event.shiftKey ? 60 : STEP),
    ArrowUp: () => timeline.zoom(0.5),
    ArrowDown: () => timeline.zoom(2),
    "+": () => timeline.zoom(0.5),
    "-": () => timeline.zoom(2),
    ",": () => step(-1),
    ".": () => step(1),
    "?": actions.keys,
  },
  () => {
    if (calendar.isOpen) calendar.close();
    else if (download.isOpen) download.close();
  },
);

// -- begin

function begin() {
  const query = new URLSearchParams(location.search);
  const span = Number(query.get("span")) || 3600;
  const at = Number(query.get("at"));
  const isPast = at > 0 && at < now();
  setVolume(Number(localStorage.getItem("perch-volume")) || 1, true); // only silent video may start by itself
  find("zone").textContent = zoneName();
  find("zone").classList.toggle("is-foreign", isForeignZone());
  const centre = isPast && reach.allowed ? at : now();
  timeline.show(centre - span / 2, centre + span / 2);
  if (!settings.playback.addresses) message.show("server-off", words.noStreamer);
  else if (isPast && reach.allowed) goTo(at, { exact: true });
  else goLive();
  if (isPast && !reach.allowed) showToast(words.archiveForbidden, "warning");
  if (settings.playback.addresses && stage.mode === "live") stage.showPoster();
  paint();
}

begin();
