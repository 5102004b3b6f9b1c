// Why there is footage or none, asked of the portal for the stretch of time that is looked at.
import { now } from "./clock.js";

const REST = 250; // ms a view stands still before it is asked for
const KEPT = 30_000; // ms after which what reaches until now is asked for again
const TOLD = new Set(["privacy", "disabled", "outage", "live_only", "space"]);

export class Reasons extends EventTarget {
  constructor(address, isAllowed) {
    super();
    this.address = address;
    this.isAllowed = isAllowed;
    this.spans = []; // [{from, to, reason, message}], of the last stretch
    this.kept = []; // [{from, to, kind}]: what outlives the archive's days
    this.stretch = { from: 0, to: 0, at: 0 };
  }

  want(from, to) {
    if (!this.isAllowed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(from, Math.min(to, now())), REST);
  }

  async load(from, to) {
    const { stretch } = this;
    const isKnown = stretch.from <= from && to <= stretch.to + 5 && performance.now() - stretch.at < KEPT;
    if (isKnown || to <= from) return;
    const [first, last] = [from - (to - from), Math.max(to, Math.min(now(), to + (to - from)))];
    try {
      const query = new URLSearchParams({ from: Math.floor(first), to: Math.ceil(last) });
      const response = await fetch(`${this.address}?${query}`, { headers: { Accept: "application/json" } });
      if (!response.ok) {
        this.isAllowed = response.status >= 500;
        return;
      }
      const { reasons, kept } = await response.json();
      Object.assign(this, { spans: reasons, kept });
      this.stretch = { from: first, to: last, at: performance.now() };
      this.dispatchEvent(new Event("change"));
    } catch {
      // Nobody is stopped from watching because a reason is not known.
    }
  }

  // What is told of a moment without footage, or nothing.
  at(moment) {
    const span = this.spans.find((each) => each.from <= moment && moment < each.to);
    return span && span.reason !== "recorded" ? span.message : "";
  }

  isKept(moment) {
    return this.kept.some((span) => span.from <= moment && moment < span.to);
  }

  // Ask again although nothing moved: something was kept.
  refresh() {
    const { from, to } = this.stretch;
    this.stretch = { from: 0, to: 0, at: 0 };
    if (to > from) this.want(from + (to - from) / 3, to - (to - from) / 3);
  }

  // The stretches that are marked on the track: what somebody decided, and what failed.
  get marked() {
    return this.spans.filter((span) => TOLD.has(span.reason));
  }
}
