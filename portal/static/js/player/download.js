// A window of the archive as a file: chosen by dragging or typing, verified by the streamer, and only then offered.
import { bytes, fromInput, length, now, toInput } from "./clock.js";

const POLL = 1500;
const FIRST = 120; // seconds in the window at the beginning
const LONGEST = 6 * 3600; // the streamer makes no longer file

export class Download extends EventTarget {
  constructor(element, access, recordings, timeline, words) {
    super();
    Object.assign(this, { element, access, recordings, timeline, words });
    this.from = element.querySelector("[data-from]");
    this.to = element.querySelector("[data-to]");
    this.summary = element.querySelector("[data-summary]");
    this.prepareButton = element.querySelector("[data-prepare]");
    this.link = element.querySelector("[data-file]");
    this.status = element.querySelector("[data-status]");
    this.from.addEventListener("change", () => this.typed());
    this.to.addEventListener("change", () => this.typed());
    this.prepareButton.addEventListener("click", () => this.prepare());
    element.querySelector("[data-close]").addEventListener("click", () => this.close());
    timeline.addEventListener("choose", (event) => this.chosen(event.detail));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open(moment) {
    this.element.hidden = false;
    const to = Math.floor(Math.min(now(), moment + FIRST / 2));
    this.chosen({ from: to - FIRST, to });
    // The window must be wide enough to be taken hold of.
    const { from: first, to: last } = this.timeline.view;
    const isOut = this.window.from < first || this.window.to > last;
    if (isOut || this.timeline.span > FIRST * 10) this.timeline.show(to - FIRST * 3, to + FIRST * 2);
    if (matchMedia("(pointer: fine)").matches) this.from.focus({ preventScroll: true }); // a finger would get a keyboard
    this.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
    this.dispatchEvent(new Event("toggle"));
  }

  close() {
    this.element.hidden = true;
    this.window = null;
    this.cancel();
    this.timeline.choose(null);
    this.dispatchEvent(new Event("toggle"));
  }

  chosen(window) {
    this.cancel();
    const to = Math.min(Math.round(window.to), Math.floor(now()));
    this.window = { from: Math.min(Math.round(window.from), to - 1), to };
    this.from.value = toInput(this.window.from);
    this.to.value = toInput(this.window.to);
    this.timeline.choose(this.window);
    this.show();
  }

  async typed() {
    const [from, to] = [fromInput(this.from.value), fromInput(this.to.value)];
    this.cancel();
    const end = to === null ? null : Math.min(to, Math.floor(now()));
    this.window = from !== null && end !== null && end > from ? { from, to: end } : null;
    this.timeline.choose(this.window);
    if (this.window) {
      const margin = Math.max(60, end - from);
      this.timeline.show(from - margin, end + margin);
      await this.recordings.load(from, end);
    }
    this.show();
  }

  show() {
    const { window } = this;
    const recorded = window ? this.recordings.within(window.from, window.to) : [];
    const seconds = recorded.reduce((sum, span) => sum + span.to - span.from, 0);
    this.summary.textContent = window ? length(window.to - window.from) : "–";
    const tooLong = window !== null && window.to - window.from > LONGEST;
    this.prepareButton.disabled = !window || seconds < 1 || tooLong;
    this.link.hidden = true;
    this.prepareButton.hidden = false;
    if (tooLong) this.say(this.words.tooLong, "is-bad");
    else this.say(window && seconds < 1 ? this.words.nothingChosen : "");
  }

  say(text, level = "") {
    this.status.textContent = text;
    this.status.className = `download-status ${level}`;
  }

  cancel() {
    this.request?.abort();
    this.request = null;
    this.element.removeAttribute("aria-busy");
  }

  async prepare() {
    this.cancel();
    const request = new AbortController();
    this.request = request;
    this.element.setAttribute("aria-busy", "true");
    this.prepareButton.disabled = true;
    this.say(this.words.preparing);
    const window = { from: this.window.from, duration: this.window.to - this.window.from };
    try {
      if (!this.access.addresses.prepares) return this.give(window);
      const file = await this.wait(window, request.signal);
      if (request === this.request) this.offer(window, file);
    } catch (error) {
      if (request === this.request) this.say(this.why(error), "is-bad");
    } finally {
      if (request === this.request) {
        this.element.removeAttribute("aria-busy");
        this.prepareButton.disabled = false;
      }
    }
  }

  why(error) {
    if (error.code === "outside_archive" && this.recordings.reach.forbids(this.window.from)) return this.words.limit;
    if (["nothing_recorded", "outside_archive"].includes(error.code)) return this.words.nothingChosen;
    if (error.status === 403) return this.words.archiveForbidden;
    return error.code ? `${this.words.failed}: ${error.message}` : this.words.failed;
  }

  // A make that writes the file while it is downloaded has nothing to say of it before.
  give(window) {
    if (!this.access.has("file")) return this.say(this.words.failed, "is-bad");
    this.say("");
    this.showLink(window);
  }

  async wait(window, signal) {
    for (;;) {
      const file = await this.access.json("file", window, { prepare: "true" }, { signal });
      if (file.ready) return file;
      await new Promise((resolve) => setTimeout(resolve, POLL));
      signal.throwIfAborted();
    }
  }

  offer(window, file) {
    const text = this.words.ready.replace("%(duration)s", length(file.duration)).replace("%(size)s", bytes(file.bytes));
    const missing = file.gaps.reduce((sum, [from, to]) => sum + to - from, 0);
    const gaps = missing >= 1 ? ` ${this.words.gaps.replace("%(missing)s", length(missing))}` : "";
    this.say(text + gaps, "is-good");
    this.link.dataset.duration = String(file.duration);
    this.showLink(window);
  }

  showLink(window) {
    this.link.href = this.access.url("file", window);
    this.link.hidden = false;
    this.prepareButton.hidden = true;
    this.link.focus();
  }
}
