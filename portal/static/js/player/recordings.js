// What was recorded when, fetched for the stretch of time that is looked at and kept as long as it cannot change.
import { now } from "./clock.js";

const SETTLED = 120; // seconds after which the past is as it will stay
const LARGEST = 40 * 86400;

export class Recordings extends EventTarget {
  constructor(access, reach) {
    super();
    this.access = access;
    this.reach = reach;
    this.spans = []; // [{from, to}], sorted, apart
    this.known = []; // stretches that were asked for
    this.failed = null;
  }

  // Make sure that a stretch is known; tells "change" when it has become so.
  want(from, to) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(from, to), 80);
  }

  async load(from, to) {
    let first = Math.max(Math.floor(from), Math.floor(this.reach.earliest));
    const last = Math.min(Math.ceil(to), Math.ceil(now()) + 1);
    const stretch = this.known.find((each) => each.from <= first && each.to > first);
    if (stretch) first = Math.floor(stretch.to); // what is known stays true; ask for the rest
    if (last <= first) return;
    try {
      await this.fetch(first, last);
      this.failed = null;
    } catch (error) {
      this.failed = error;
    }
    this.dispatchEvent(new Event("change"));
  }

  async fetch(first, last) {
    for (let start = first; start < last; start += LARGEST) {
      const end = Math.min(last, start + LARGEST);
      const ranges = await this.ask(start, end);
      this.replace(start, end, ranges.map((range) => ({ from: range.from, to: range.from + range.duration })));
    }
    const settled = Math.min(last, now() - SETTLED);
    if (settled > first) this.known = join([...this.known, { from: first, to: settled }], 0);
  }

  async ask(from, to) {
    if (!this.access.has("ranges")) return [];
    try {
      return rangesOf(await this.access.json("ranges", { from, to }));
    } catch (error) {
      if (error.status === 404 && this.access.addresses.archive_as === "file") return []; // it says so of nothing
      throw error;
    }
  }

  replace(first, last, spans) {
    const outside = [];
    for (const span of this.spans) {
      if (span.from < first) outside.push({ from: span.from, to: Math.min(span.to, first) });
      if (span.to > last) outside.push({ from: Math.max(span.from, last), to: span.to });
    }
    this.spans = join([...outside, ...spans], 1.5);
  }

  knows(moment) {
    return moment > now() - SETTLED || this.known.some((each) => each.from <= moment && moment < each.to);
  }

  // The span a moment lies in.
  at(moment) {
    return this.spans.find((span) => span.from <= moment && moment < span.to);
  }

  // The first recorded moment at or after this one.
  after(moment) {
    const span = this.spans.find((each) => each.to > moment + 0.5);
    return span ? Math.max(span.from, moment) : null;
  }

  // Going back over a gap lands some seconds before its beginning.
  before(moment, margin) {
    const span = this.at(moment) ? null : this.spans.findLast((each) => each.to <= moment);
    return span ? Math.max(span.from, span.to - margin) : moment;
  }

  // The same as `after`, looking beyond what is known: day by day at first, then by weeks.
  async next(moment) {
    let first = moment;
    for (let stride = 86400; first < now(); stride = 7 * 86400) {
      await this.load(first, first + stride);
      const found = this.after(moment);
      if (found !== null || this.failed) return found;
      first += stride;
    }
    return null;
  }

  within(first, last) {
    return this.spans
      .filter((span) => span.to > first && span.from < last)
      .map((span) => ({ from: Math.max(span.from, first), to: Math.min(span.to, last) }));
  }
}

// One list in three dialects: an array of one status, the status alone, or the pieces themselves.
function rangesOf(body) {
  if (Array.isArray(body) && body.every((piece) => "start" in piece)) {
    return body.map(({ start, duration }) => ({ from: Date.parse(start) / 1000, duration }));
  }
  const status = Array.isArray(body) ? body[0] : body;
  return status?.ranges ?? status?.dvr_info?.ranges ?? [];
}

function join(spans, seam) {
  const sorted = [...spans].filter((span) => span.to > span.from).sort((one, other) => one.from - other.from);
  const joined = [];
  for (const span of sorted) {
    const before = joined.at(-1);
    if (before && span.from <= before.to + seam) before.to = Math.max(before.to, span.to);
    else joined.push({ ...span });
  }
  return joined;
}
