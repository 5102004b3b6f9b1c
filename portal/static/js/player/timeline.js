// The timeline: recorded and missing spans, now, the moment on show, a window to download. Drawn on a canvas; for the
// keyboard and screen readers it is a slider. Wheel and pinch zoom, drag moves, a click plays.
import { dayStart, nextDay, now, say } from "./clock.js";
import { paintTimeline } from "./track.js";

const SHORTEST = 60;
const LONGEST = 31 * 86400;
const CLICK = 5; // pixels a pointer may move and still be a click
const TAP = 12; // the same for a finger
const HANDLE = { mouse: 10, touch: 24, pen: 16 }; // pixels beside a window's edge that still take hold of it

export class Timeline extends EventTarget {
  constructor(element, recordings, reasons) {
    super();
    this.element = element;
    this.recordings = recordings;
    this.reasons = reasons;
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
    for (const known of [recordings, reasons]) known.addEventListener("change", () => this.draw());
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
    this.reasons.want(this.view.from, this.view.to);
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
    this.element.setAttribute("aria-valuemin", String(Math.round(this.recordings.spans[0]?.from ?? this.view.from)));
    this.element.setAttribute("aria-valuemax", String(Math.round(now())));
    this.element.setAttribute("aria-valuenow", String(Math.round(moment)));
    this.element.setAttribute("aria-valuetext", `${say("day", moment)}, ${say("time", moment)}`);
  }

  tick() {
    if (document.hidden) return;
    const often = this.span > 6 * 3600 ? 30 : 5;
    if (this.view.to > now() && Math.floor(now()) % often === 0) {
      this.recordings.want(this.view.from, this.view.to);
      this.reasons.want(this.view.from, this.view.to);
    }
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
    if (event.pointerType !== "mouse") this.point(null);
    this.pointers.set(event.pointerId, { x: event.clientX, start: event.clientX, moved: false });
    if (this.pointers.size > 1) {
      // Two fingers zoom: neither of them meant to click or to take hold of anything.
      for (const pointer of this.pointers.values()) pointer.moved = true;
      this.grabbed = null;
      return;
    }
    this.grabbed = this.window ? this.handleAt(event) : null;
    this.grabbedAt = this.at(event);
    this.touchedAt = performance.now();
  }

  handleAt(event) {
    const box = this.element.getBoundingClientRect();
    const x = event.clientX - box.left;
    const [left, right] = [this.x(this.window.from), this.x(this.window.to)];
    const reach = HANDLE[event.pointerType] ?? HANDLE.mouse;
    const [toLeft, toRight] = [Math.abs(x - left), Math.abs(x - right)];
    if (Math.min(toLeft, toRight) <= reach) return toLeft < toRight ? "from" : "to";
    return x > left && x < right ? "both" : null;
  }

  move(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      this.point(event.pointerType === "mouse" ? event : null);
      const handle = event.pointerType === "mouse" && this.window ? this.handleAt(event) : null;
      this.element.dataset.grip = handle ?? "";
      return;
    }
    this.touchedAt = performance.now();
    const slack = event.pointerType === "mouse" ? CLICK : TAP;
    if (Math.abs(event.clientX - pointer.start) > slack) pointer.moved = true;
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
    moment = Math.min(moment, now());
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
    // A press in the chosen window that did not move it is a click like any other.
    if (!pointer || pointer.moved || this.pointers.size > 0) return;
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
    const [width, height] = [Math.round(box.width * scale), Math.round(box.height * scale)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, box.width, box.height);
    paintTimeline(pen, this);
  }
}
