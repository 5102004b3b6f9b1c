// The timeline: recorded and missing spans, now, the moment on show, a window to download. Drawn on a canvas; for the
// keyboard and screen readers it is a slider. Wheel and pinch zoom, drag moves, a click plays.
import { dayStart, nextDay, now, parts, say } from "./clock.js";

const SHORTEST = 60;
const LONGEST = 31 * 86400;
const STEPS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200];
const CLICK = 5; // pixels a pointer may move and still be a click
const HANDLE = 10;

export class Timeline extends EventTarget {
  constructor(element, recordings, words) {
    super();
    this.element = element;
    this.recordings = recordings;
    this.words = words;
    this.canvas = element.querySelector("canvas");
    this.tip = element.querySelector("[data-tip]");
    this.view = { from: now() - 3600, to: now() + 240 };
    this.playhead = null;
    this.window = null; // {from, to} chosen for a download
    this.hover = null;
    this.pointers = new Map();
    this.touchedAt = 0;
    this.listen();
    new ResizeObserver(() => this.draw()).observe(element);
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
    recordings.addEventListener("change", () => this.draw());
    setInterval(() => this.tick(), 1000);
  }

  listen() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => this.press(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.release(event));
    element.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    element.addEventListener("pointerleave", () => this.point(null));
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  // -- the view

  get span() {
    return this.view.to - this.view.from;
  }

  show(from, to) {
    const length = Math.min(LONGEST, Math.max(SHORTEST, to - from));
    const middle = (from + to) / 2;
    const latest = now() + length * 0.12;
    const end = Math.min(middle + length / 2, latest);
    this.view = { from: end - length, to: end };
    this.recordings.want(this.view.from - length * 0.2, this.view.to);
    this.draw();
    this.dispatchEvent(new Event("view"));
  }

  zoomTo(length, around = this.playhead ?? now()) {
    const inside = around >= this.view.from && around <= this.view.to;
    const share = inside ? (around - this.view.from) / this.span : 0.5;
    this.show(around - length * share, around + length * (1 - share));
  }

  zoom(factor, around) {
    this.zoomTo(this.span * factor, around);
  }

  pan(seconds) {
    this.show(this.view.from + seconds, this.view.to + seconds);
  }

  showDay(moment) {
    this.show(dayStart(moment), nextDay(moment));
  }

  follow(moment) {
    this.playhead = moment;
    const margin = this.span * 0.06;
    const away = moment < this.view.from || moment > this.view.to - margin;
    const busy = performance.now() - this.touchedAt < 8000 || this.pointers.size > 0;
    if (away && !busy) this.show(moment - this.span * 0.75, moment + this.span * 0.25);
    else this.draw();
    this.element.setAttribute("aria-valuenow", String(Math.round(moment)));
    this.element.setAttribute("aria-valuetext", `${say("day", moment)}, ${say("time", moment)}`);
  }

  tick() {
    if (document.hidden) return;
    if (this.view.to > now() && Math.floor(now()) % 10 === 0) this.recordings.want(this.view.from, this.view.to);
    this.draw();
  }

  // -- pointer

  at(event) {
    const box = this.element.getBoundingClientRect();
    return this.view.from + ((event.clientX - box.left) / box.width) * this.span;
  }

  x(moment) {
    return ((moment - this.view.from) / this.span) * this.width;
  }

  press(event) {
    if (event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, start: event.clientX, moved: false });
    this.grabbed = this.window ? this.handleAt(event) : null;
    this.grabbedAt = this.at(event);
    this.touchedAt = performance.now();
  }

  handleAt(event) {
    const box = this.element.getBoundingClientRect();
    const x = event.clientX - box.left;
    const [left, right] = [this.x(this.window.from), this.x(this.window.to)];
    if (Math.abs(x - left) <= HANDLE) return "from";
    if (Math.abs(x - right) <= HANDLE) return "to";
    return x > left && x < right ? "both" : null;
  }

  move(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      this.point(event.pointerType === "mouse" ? event : null);
      return;
    }
    this.touchedAt = performance.now();
    if (Math.abs(event.clientX - pointer.start) > CLICK) pointer.moved = true;
    if (this.pointers.size === 2) this.pinch(event);
    else if (pointer.moved) this.drag(event, pointer);
    pointer.x = event.clientX;
  }

  drag(event, pointer) {
    this.point(null);
    const moment = this.at(event);
    if (this.grabbed) {
      this.resize(moment);
    } else {
      const shift = ((pointer.x - event.clientX) / this.width) * this.span;
      this.pan(shift);
    }
  }

  resize(moment) {
    const chosen = { ...this.window };
    if (this.grabbed === "both") {
      const shift = moment - this.grabbedAt;
      chosen.from += shift;
      chosen.to += shift;
      this.grabbedAt = moment;
    } else {
      chosen[this.grabbed] = moment;
      if (chosen.to < chosen.from) {
        [chosen.from, chosen.to] = [chosen.to, chosen.from];
        this.grabbed = this.grabbed === "from" ? "to" : "from";
      }
    }
    this.choose(chosen);
    this.dispatchEvent(new CustomEvent("choose", { detail: chosen }));
  }

  pinch(event) {
    const [one, other] = [...this.pointers.values()];
    const before = Math.abs(one.x - other.x);
    this.pointers.get(event.pointerId).x = event.clientX;
    const after = Math.abs(one.x - other.x);
    if (before < 8 || after < 8) return;
    const box = this.element.getBoundingClientRect();
    const middle = this.view.from + (((one.x + other.x) / 2 - box.left) / box.width) * this.span;
    this.zoom(before / after, middle);
  }

  release(event) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (!pointer || pointer.moved || this.pointers.size > 0 || this.grabbed) return;
    this.dispatchEvent(new CustomEvent("pick", { detail: this.at(event) }));
  }

  wheel(event) {
    event.preventDefault();
    this.touchedAt = performance.now();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.pan(((event.deltaX || event.deltaY) / this.width) * this.span);
    } else {
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.at(event));
    }
    this.point(event);
  }

  point(event) {
    this.hover = event ? this.at(event) : null;
    this.tip.hidden = this.hover === null;
    this.dispatchEvent(new CustomEvent("hover", { detail: this.hover }));
    this.draw();
  }

  choose(chosen) {
    this.window = chosen;
    this.draw();
  }

  // -- drawing

  draw() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.paint();
    });
  }

  paint() {
    const box = this.element.getBoundingClientRect();
    if (!box.width) return;
    const scale = devicePixelRatio || 1;
    this.width = box.width;
    this.height = box.height;
    if (this.canvas.width !== Math.round(box.width * scale)) this.canvas.width = Math.round(box.width * scale);
    if (this.canvas.height !== Math.round(box.height * scale)) this.canvas.height = Math.round(box.height * scale);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, box.width, box.height);
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.paintSpans(pen, colour);
    this.paintScale(pen, colour);
    this.paintWindow(pen, colour);
    this.paintNow(pen, colour);
    this.paintPlayhead(pen, colour);
    this.paintHover(pen, colour);
  }

  get track() {
    return { top: 24, bottom: this.height - 10 };
  }

  paintSpans(pen, colour) {
    const { top, bottom } = this.track;
    const past = Math.min(this.width, this.x(now()));
    pen.fillStyle = colour("--track-missing");
    round(pen, 0, top, Math.max(0, past), bottom - top, 4);
    pen.fillStyle = colour("--track-recorded");
    for (const span of this.recordings.spans) {
      const left = Math.max(0, this.x(span.from));
      const right = Math.min(this.width, this.x(Math.min(span.to, now())));
      if (right > left) round(pen, left, top, Math.max(1, right - left), bottom - top, Math.min(4, (right - left) / 2));
    }
    const earliest = this.recordings.earliest;
    if (earliest && this.x(earliest) > 0) {
      pen.fillStyle = colour("--track-gone");
      pen.fillRect(0, top, Math.min(this.width, this.x(earliest)), bottom - top);
    }
  }

  paintScale(pen, colour) {
    const wanted = this.span / (this.width / 84);
    const step = STEPS.find((each) => each >= wanted);
    pen.font = `500 11px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "middle";
    for (const tick of step ? timesBy(step, this.view) : daysBy(wanted, this.view)) {
      const x = this.x(tick.at);
      pen.fillStyle = colour(tick.isDay ? "--tick-day" : "--tick");
      pen.fillRect(Math.round(x), tick.isDay ? 4 : 18, 1, this.height - (tick.isDay ? 8 : 24));
      pen.fillStyle = colour(tick.isDay ? "--label-day" : "--label");
      const text = tick.isDay ? say("day", tick.at) : say(step < 60 ? "time" : "short", tick.at);
      const left = x + 5;
      if (left + pen.measureText(text).width < this.width + 24) pen.fillText(text, left, 11);
    }
  }

  paintWindow(pen, colour) {
    if (!this.window) return;
    const [left, right] = [this.x(this.window.from), this.x(this.window.to)];
    pen.fillStyle = colour("--window");
    pen.fillRect(left, 18, right - left, this.height - 22);
    pen.fillStyle = colour("--window-edge");
    for (const x of [left, right]) round(pen, x - 2.5, 18, 5, this.height - 22, 2.5);
  }

  paintNow(pen, colour) {
    const x = this.x(now());
    if (x < 0 || x > this.width) return;
    pen.fillStyle = colour("--now");
    pen.fillRect(Math.round(x), 18, 1.5, this.height - 22);
  }

  paintPlayhead(pen, colour) {
    if (this.playhead === null) return;
    const x = this.x(this.playhead);
    if (x < -6 || x > this.width + 6) return;
    pen.fillStyle = colour("--playhead");
    pen.fillRect(x - 1, 16, 2, this.height - 18);
    pen.beginPath();
    pen.arc(x, 18, 5, 0, Math.PI * 2);
    pen.fill();
  }

  paintHover(pen, colour) {
    if (this.hover === null) return;
    pen.fillStyle = colour("--hover");
    pen.fillRect(Math.round(this.x(this.hover)), 18, 1, this.height - 22);
  }
}

function round(pen, x, y, width, height, radius) {
  pen.beginPath();
  pen.roundRect(x, y, width, height, radius);
  pen.fill();
}

// Ticks at whole local times: clock changes must not shift them.
function* timesBy(step, view) {
  for (let day = dayStart(view.from); day < view.to; day = nextDay(day)) {
    const end = nextDay(day);
    for (let at = day; at < end; at += step) {
      if (at < view.from - step || at > view.to) continue;
      const { hour, minute, second } = parts(at);
      yield { at, isDay: hour === 0 && minute === 0 && second === 0 };
    }
  }
}

function* daysBy(wanted, view) {
  const every = Math.max(1, Math.ceil(wanted / 86400));
  let count = 0;
  for (let day = dayStart(view.from); day < view.to; day = nextDay(day)) {
    if (count % every === 0) yield { at: day, isDay: true };
    count += 1;
  }
}
