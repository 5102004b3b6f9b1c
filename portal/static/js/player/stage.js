// The picture: live or from the archive, through hls.js where there is Media Source Extensions, else by the browser
// itself. It tells what happens: "time", "state" (connecting, playing, paused, stalled, failed), "ended".
import Hls from "../../vendor/hls.light.min.mjs";

import { now } from "./clock.js";
import { Frames } from "./frames.js";
import { errorCode, impatient, isCodecTrouble } from "./patience.js";

const STALL = 5_000; // ms without progress while it should play
const BACKOFF = [1_000, 2_000, 4_000, 8_000, 15_000];
const CHUNK = 4 * 3600; // seconds of archive asked for at once: at the highest speed a quarter of an hour
const FILE = 1800; // the same where the archive is a file
const BUFFER = 30; // seconds loaded ahead, times the speed
const PRESENT = 30; // seconds behind the clock where a fast archive ends

export class Stage extends EventTarget {
  constructor(video, access) {
    super();
    this.video = video;
    this.access = access;
    this.mode = "idle";
    this.state = "idle";
    this.from = 0;
    this.fileFrom = null; // the moment at which such a file begins
    this.attempt = 0;
    this.progressAt = 0;
    this.lastTime = -1;
    this.wantsToPlay = true;
    this.rate = 1;
    this.frames = new Frames(video);
    this.still = document.createElement("canvas");
    this.still.className = "stage-still";
    this.still.hidden = true;
    this.poster = new Image();
    this.poster.className = "stage-still";
    this.poster.alt = "";
    this.poster.hidden = true;
    video.after(this.poster, this.still);
    this.listen();
    setInterval(() => this.watch(), 500);
  }

  listen() {
    const { video } = this;
    video.addEventListener("playing", () => this.onPlaying());
    video.addEventListener("timeupdate", () => this.dispatchEvent(new Event("time")));
    video.addEventListener("pause", () => this.settle());
    video.addEventListener("ended", () => this.dispatchEvent(new Event("ended")));
    video.addEventListener("loadeddata", () => this.unfreeze());
    video.addEventListener("seeked", () => this.dispatchEvent(new Event("time")));
    document.addEventListener("visibilitychange", () => (this.progressAt = performance.now()));
  }

  onPlaying() {
    this.attempt = 0;
    this.progressAt = performance.now();
    this.video.playbackRate = this.mode === "archive" ? this.rate : 1;
    this.unfreeze();
    this.tell("playing");
  }

  tell(state, detail = {}) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, ...detail } }));
  }

  // -- what to show

  live() {
    this.mode = "live";
    this.load("live");
  }

  archive(from) {
    this.mode = "archive";
    this.from = from;
    if (this.seekInside(from)) return;
    this.loadArchive(from);
  }

  loadArchive(from) {
    if (!this.access.has("archive")) {
      this.drop();
      this.fail("nothing");
      return;
    }
    this.load("archive", { from: Math.floor(from), duration: this.isFile ? FILE : CHUNK });
  }

  // Some makes give the archive as a file that plays while it comes, instead of a playlist.
  get isFile() {
    return this.mode === "archive" && this.access.addresses.archive_as === "file";
  }

  // The camera's last thumbnail stands in until the first picture is there: it is one small request away.
  showPoster() {
    if (!this.access.has("picture")) return;
    const { poster } = this;
    poster.addEventListener("load", () => (poster.hidden = this.video.readyState >= 2 || this.mode !== "live"));
    poster.src = this.access.url("picture");
  }

  load(kind, moments = {}) {
    this.freeze();
    this.drop();
    this.asked = [kind, moments];
    this.tell("connecting");
    this.progressAt = performance.now();
    if (this.isFile) this.loadFile(moments.from);
    else if (Hls.isSupported()) this.loadByScript();
    else this.loadByBrowser();
  }

  loadByScript() {
    const { access } = this;
    const live = this.mode === "live";
    const hls = new Hls({
      enableWorker: false, // its code would have to come from a blob; two cores of a phone do without
      startPosition: live ? -1 : 0,
      startLevel: 0, // the small rendition is there first; the next segment may be of the large one
      abrEwmaDefaultEstimate: 4_000_000,
      backBufferLength: live ? 10 : 60,
      maxBufferLength: live ? 10 : BUFFER * Math.max(1, this.rate),
      maxMaxBufferLength: 600,
      liveSyncDurationCount: 2,
      liveMaxLatencyDurationCount: live ? 8 : Infinity,
      maxLiveSyncPlaybackRate: live ? 1.15 : 1,
      manifestLoadPolicy: impatient(),
      playlistLoadPolicy: impatient(),
      fragLoadPolicy: impatient(),
      xhrSetup: (request, address) => request.open("GET", access.fresh(address), true),
    });
    this.hls = hls;
    hls.on(Hls.Events.ERROR, (_event, data) => this.onError(hls, data));
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.dispatchEvent(new Event("levels")));
    hls.on(Hls.Events.LEVEL_SWITCHED, () => this.dispatchEvent(new Event("levels")));
    hls.once(Hls.Events.LEVEL_LOADED, () => this.play());
    if (!live) hls.once(Hls.Events.LEVEL_UPDATED, () => this.seekInside(this.from));
    hls.loadSource(access.url(...this.asked));
    hls.attachMedia(this.video);
  }

  loadFile(from) {
    this.fileFrom = from;
    this.open();
  }

  loadByBrowser() {
    const { video } = this;
    if (!video.canPlayType("application/vnd.apple.mpegurl")) {
      this.fail("unsupported");
      return;
    }
    this.open();
  }

  open() {
    this.video.src = this.access.url(...this.asked);
    this.video.onerror = () => this.askWhy();
    this.play();
  }

  drop() {
    clearTimeout(this.retryTimer);
    this.hls?.destroy();
    this.hls = null;
    this.lastTime = -1;
    this.shown = null;
    this.fileFrom = null;
    this.frames.forget();
    if (this.video.src) {
      this.video.onerror = null;
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  // Show nothing more: for cameras that are off, and rights that have ended.
  stop() {
    this.mode = "idle";
    this.state = "idle";
    this.drop();
    this.unfreeze();
  }

  async play() {
    if (!this.wantsToPlay) return;
    try {
      await this.video.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.tell("paused", { why: "autoplay" });
    }
  }

  pause() {
    this.wantsToPlay = false;
    this.video.pause();
  }

  resume() {
    this.wantsToPlay = true;
    // Minutes of pause put the live playlist far behind; start at its end instead of running after it.
    if (this.mode === "live" && this.latency() > 12) this.live();
    else this.play();
  }

  settle() {
    if (!this.wantsToPlay && this.state !== "failed") this.tell("paused");
  }

  setRate(rate) {
    this.rate = rate;
    if (this.mode !== "archive") return;
    this.video.playbackRate = rate;
    if (this.hls) this.hls.config.maxBufferLength = BUFFER * Math.max(1, rate);
  }

  // -- where we are

  // The moment on show, in Unix seconds; null while there is none.
  moment() {
    const date = this.hls ? this.hls.playingDate : this.browserDate();
    if (!date || this.video.readyState < 1) return null;
    this.shown = date.getTime() / 1000;
    return this.shown;
  }

  browserDate() {
    if (this.fileFrom !== null) return new Date((this.fileFrom + this.video.currentTime) * 1000);
    const start = this.video.getStartDate?.();
    return start && !Number.isNaN(start.getTime()) ? new Date(start.getTime() + this.video.currentTime * 1000) : null;
  }

  latency() {
    const moment = this.moment();
    return moment === null ? Infinity : now() - moment;
  }

  // Jump to a moment inside what is loaded; false when it is not there.
  seekInside(moment) {
    if (this.fileFrom !== null) return this.seekInFile(moment - this.fileFrom);
    if (this.mode !== "archive" || !this.hls) return false;
    const details = this.hls.levels[Math.max(0, this.hls.currentLevel)]?.details ?? this.hls.latestLevelDetails;
    for (const fragment of details?.fragments ?? []) {
      const start = fragment.programDateTime === null ? NaN : fragment.programDateTime / 1000;
      if (start <= moment && moment < start + fragment.duration) {
        this.video.currentTime = fragment.start + (moment - start);
        this.progressAt = performance.now();
        if (this.state !== "connecting") this.play();
        return true;
      }
    }
    return false;
  }

  // Such a file cannot be asked for from its middle: only what has come already is there.
  seekInFile(target) {
    const { video } = this;
    const { buffered } = video;
    const inside = [...Array(buffered.length).keys()].some((n) => buffered.start(n) <= target && target < buffered.end(n));
    if (inside) {
      video.currentTime = target;
      this.play();
    }
    return inside;
  }

  // In live too: what was just seen is still in the buffer.
  step(count, fps) {
    this.pause();
    const { buffered } = this.video;
    const target = this.frames.after(count, fps);
    const inside = [...Array(buffered.length).keys()].some((n) => buffered.start(n) <= target && target < buffered.end(n));
    if (inside || this.mode === "archive") this.video.currentTime = Math.max(0, target);
  }

  // -- trouble

  onError(hls, data) {
    if (hls !== this.hls) return;
    const status = data.response?.code ?? 0;
    // A refusal is final whatever hls.js thinks of trying again: what it stands for must stop within seconds.
    if (status === 403 || status === 401) this.refused(errorCode(data));
    else if (isCodecTrouble(data)) this.fail("unsupported");
    else if (!data.fatal) return;
    else if (status === 404) this.missing(data.details, errorCode(data));
    else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.attempt < 2) this.recover();
    else this.retry("network");
  }

  recover() {
    this.attempt += 1;
    this.hls.recoverMediaError();
    this.play();
  }

  // The archive may be closed, or this part of it, while live is open: no other token would change that.
  refused(code) {
    if (code === "archive_forbidden") this.fail("liveOnly");
    else if (code === "outside_archive") this.fail("nothing");
    // Somebody decided so: asking again by ourselves, with whatever token, would undo it.
    else if (code === "playback_ended") this.fail("ended");
    else if (code === "too_many_streams") this.fail("tooMany");
    else this.reconsider();
  }

  // The streamer says no: perhaps the token is old. With a fresh one that is refused too, the right is gone.
  async reconsider() {
    this.hls?.destroy();
    this.hls = null;
    const renewed = this.triedRenewal ? false : await this.access.renew();
    if (renewed) {
      this.triedRenewal = true;
      this.again();
      setTimeout(() => (this.triedRenewal = false), 15_000);
    } else if (renewed === false) {
      this.fail(this.access.signedOut ? "signedOut" : "forbidden");
    } else {
      this.retry("network");
    }
  }

  missing(details, code) {
    if (this.mode === "live") this.retry("offline", code);
    // A piece that clean-up took while its playlist was played: ask for what is left.
    else if (details === Hls.ErrorDetails.FRAG_LOAD_ERROR && this.attempt < 2) this.retry("network");
    else this.fail("nothing");
  }

  // A browser that plays by itself does not say what went wrong: ask the streamer the same.
  async askWhy() {
    const response = await fetch(this.access.url(...this.asked), { cache: "no-store" }).catch(() => null);
    if (response?.ok) {
      response.body?.cancel(); // it is the video itself, which only the browser should load
      this.retry("network");
      return;
    }
    const body = await response?.json().catch(() => null);
    const code = body?.errors?.[0]?.code ?? "";
    if ([401, 403].includes(response?.status)) this.refused(code);
    else if (response?.status === 404) this.missing("", code);
    else this.retry("network");
  }

  fail(why, code = "") {
    this.drop();
    if (["forbidden", "signedOut", "ended", "tooMany"].includes(why)) this.unfreeze();
    this.tell("failed", { why, code });
  }

  retry(why, code = "") {
    const delay = BACKOFF[Math.min(this.attempt, BACKOFF.length - 1)];
    this.attempt += 1;
    this.freeze();
    this.hls?.destroy();
    this.hls = null;
    this.tell("stalled", { why, code, attempt: this.attempt });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.again(), delay * (0.8 + 0.4 * Math.random()));
  }

  again() {
    const { attempt } = this;
    if (this.mode === "live") this.live();
    else if (this.mode === "archive") this.resumeArchive();
    this.attempt = attempt;
  }

  // After trouble the archive goes on where it stopped.
  resumeArchive() {
    const from = this.shown ?? this.from;
    this.from = from;
    this.loadArchive(from);
  }

  // A picture that stands still although it should move is noticed here, whatever its reason.
  watch() {
    const { video } = this;
    if (this.mode === "idle" || document.hidden || !this.wantsToPlay || this.state === "failed") return;
    if (video.currentTime !== this.lastTime || video.ended) {
      this.lastTime = video.currentTime;
      this.progressAt = performance.now();
      if (this.state === "stalled" && this.hls && !video.paused) this.tell("playing");
      return;
    }
    const patience = this.state === "connecting" ? 4 * STALL : STALL;
    if (performance.now() - this.progressAt < patience || video.paused) return;
    this.progressAt = performance.now();
    // A fast archive runs into the present: that is its end, not a fault.
    if (this.mode === "archive" && this.latency() < PRESENT) this.dispatchEvent(new Event("ended"));
    else if (this.hls || video.src) this.retry("stalled");
  }

  // -- no black between two sources: the last frame stays until the next one is there

  freeze() {
    const { video, still } = this;
    if (!video.videoWidth || video.readyState < 2) return;
    still.width = video.videoWidth;
    still.height = video.videoHeight;
    still.getContext("2d").drawImage(video, 0, 0);
    still.hidden = false;
  }

  unfreeze() {
    this.still.hidden = true;
    this.poster.hidden = true;
  }

  snapshot() {
    const { video } = this;
    if (!video.videoWidth || video.readyState < 2) return null;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}
