// How the timeline looks: the track with what was recorded, local times above it, now, the moment on show, the window.
import { dayStart, length, moment, nextDay, now, parts, say } from "./clock.js";

const STEPS = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
const APART = 76; // pixels from one label to the next, at least
const TOP = 26;
const FOOT = 8;
const FONT = "11px Inter, system-ui, sans-serif";

export function paintTimeline(pen, timeline) {
  const style = getComputedStyle(timeline.element);
  const look = {
    colour: (name) => style.getPropertyValue(name).trim(),
    bottom: timeline.height - FOOT,
    x: (moment) => timeline.x(moment),
    width: timeline.width,
  };
  pen.textBaseline = "middle";
  paintTrack(pen, timeline, look);
  paintScale(pen, timeline, look);
  if (timeline.window) paintWindow(pen, timeline.window, look);
  paintNow(pen, look);
  if (timeline.hover !== null) paintHover(pen, timeline.hover, look);
  if (timeline.playhead !== null) paintPlayhead(pen, timeline.playhead, look);
}

function paintTrack(pen, timeline, { colour, x, width, bottom }) {
  const present = Math.max(0, Math.min(width, x(now())));
  pen.save();
  pen.beginPath();
  pen.roundRect(0, TOP, width, bottom - TOP, 6);
  pen.clip();
  pen.fillStyle = colour("--track-future");
  pen.fillRect(0, TOP, width, bottom - TOP);
  pen.fillStyle = colour("--track-missing");
  pen.fillRect(0, TOP, present, bottom - TOP);
  for (const span of timeline.reasons.marked) {
    const [left, right] = [x(span.from), Math.min(x(span.to), present)];
    pen.fillStyle = colour(`--track-${span.reason === "outage" ? "outage" : "decided"}`);
    if (right > 0 && left < width) pen.fillRect(left, bottom - 5, Math.max(1, right - left), 5);
  }
  pen.fillStyle = colour("--track-recorded");
  for (const span of timeline.recordings.spans) {
    const left = x(span.from);
    const right = Math.min(x(span.to), present);
    if (right > 0 && left < width) pen.fillRect(left, TOP, Math.max(1, right - left), bottom - TOP);
  }
  pen.fillStyle = colour("--track-kept");
  for (const span of timeline.reasons.kept) {
    const [left, right] = [x(span.from), Math.min(x(span.to), present)];
    if (right > 0 && left < width) pen.fillRect(left, TOP, Math.max(2, right - left), 4);
  }
  const { earliest } = timeline.recordings.reach;
  if (x(earliest) > 0) {
    pen.fillStyle = colour("--track-gone");
    pen.fillRect(0, TOP, x(earliest), bottom - TOP);
  }
  pen.restore();
}

function paintScale(pen, timeline, look) {
  const wanted = timeline.span / (look.width / APART);
  const step = STEPS.find((each) => each >= wanted);
  const ticks = [...(step ? timesBy(step, timeline.view) : daysBy(wanted, timeline.view))];
  for (const tick of ticks) {
    const at = Math.round(look.x(tick.at));
    pen.fillStyle = look.colour(tick.isDay ? "--tick-day" : "--tick");
    pen.fillRect(at, TOP - (tick.isDay ? 18 : 5), 1, look.bottom - TOP + (tick.isDay ? 18 : 5));
  }
  // Where words would meet, the flag goes before days and days before hours.
  const flag = timeline.playhead === null ? null : flagOf(pen, timeline.playhead, look);
  const taken = flag ? [flag] : [];
  for (const tick of ticks) if (tick.isDay) paintLabel(pen, tick, say("day", tick.at), taken, look);
  for (const tick of ticks) if (!tick.isDay) paintLabel(pen, tick, say(step < 60 ? "time" : "short", tick.at), taken, look);
}

function paintLabel(pen, { at, isDay }, text, taken, { colour, x, width }) {
  pen.font = `${isDay ? 600 : 500} ${FONT}`;
  const wide = pen.measureText(text).width;
  const left = Math.round(x(at)) + (isDay ? 5 : -wide / 2);
  const isFree = taken.every((other) => left + wide + 6 <= other.left || left >= other.left + other.wide + 6);
  if (!isFree || left < 0 || left + wide > width) return;
  taken.push({ left, wide });
  pen.fillStyle = colour(isDay ? "--label-day" : "--label");
  pen.fillText(text, left, 12);
}

function paintWindow(pen, { from, to }, { colour, x, bottom }) {
  const [left, right] = [x(from), x(to)];
  pen.fillStyle = colour("--window");
  pen.fillRect(left, TOP, right - left, bottom - TOP);
  pen.fillStyle = colour("--window-edge");
  pen.fillRect(left, TOP - 1, right - left, 2);
  pen.fillRect(left, bottom - 1, right - left, 2);
  for (const edge of [left, right]) {
    pen.fillStyle = colour("--window-edge");
    fillRound(pen, edge - 5, TOP - 4, 10, bottom - TOP + 8, 4);
    pen.fillStyle = colour("--window-grip");
    fillRound(pen, edge - 1, (TOP + bottom) / 2 - 8, 2, 16, 1);
  }
  const text = length(to - from);
  pen.font = `600 ${FONT}`;
  const wide = pen.measureText(text).width + 12;
  if (right - left < wide + 24) return;
  pen.fillStyle = colour("--window-shade");
  fillRound(pen, left + 10, (TOP + bottom) / 2 - 10, wide, 20, 6);
  pen.fillStyle = colour("--window-edge");
  pen.fillText(text, left + 16, (TOP + bottom) / 2 + 0.5);
}

function paintNow(pen, { colour, x, width, bottom }) {
  const at = x(now());
  if (at < 0 || at > width) return;
  pen.fillStyle = colour("--now");
  pen.fillRect(Math.round(at) - 1, TOP - 3, 2, bottom - TOP + 6);
}

function paintHover(pen, at, { colour, x, bottom }) {
  pen.fillStyle = colour("--hover");
  pen.fillRect(Math.round(x(at)), TOP, 1, bottom - TOP);
}

// A line with the time on a flag; the flag stays inside when the moment is at an edge.
function paintPlayhead(pen, shown, { colour, x, width, bottom }) {
  const at = x(shown);
  if (at < -1 || at > width + 1) return;
  pen.fillStyle = colour("--playhead");
  pen.fillRect(Math.round(at) - 1, TOP - 6, 2, bottom - TOP + 10);
  const { text, left, wide } = flagOf(pen, shown, { x, width });
  fillRound(pen, left, 2, wide, 20, 6);
  pen.fillStyle = colour("--playhead-text");
  pen.fillText(text, left + 7, 12.5);
}

function flagOf(pen, shown, { x, width }) {
  const text = say("time", shown);
  pen.font = `650 ${FONT}`;
  const wide = pen.measureText(text).width + 14;
  const at = x(shown);
  if (at < -1 || at > width + 1) return null;
  return { text, wide, left: Math.min(Math.max(at - wide / 2, 0), width - wide) };
}

function fillRound(pen, x, y, width, height, radius) {
  pen.beginPath();
  pen.roundRect(x, y, width, height, radius);
  pen.fill();
}

// Ticks at whole local times: clock changes must not shift them.
function* timesBy(step, view) {
  for (let day = dayStart(view.from); day < view.to; day = nextDay(day)) {
    yield { at: day, isDay: true };
    if (step < 3600) yield* within(day, step, view);
    else yield* hoursBy(step / 3600, day);
  }
}

function* within(day, step, view) {
  const end = Math.min(nextDay(day), view.to + step);
  const skipped = Math.max(1, Math.floor((view.from - day) / step) - 1);
  for (let at = day + skipped * step; at < end; at += step) yield { at, isDay: false };
}

function* hoursBy(hours, day) {
  const { year, month, day: date } = parts(day);
  for (let hour = hours; hour < 24; hour += hours) yield { at: moment(year, month, date, hour), isDay: false };
}

function* daysBy(wanted, view) {
  const every = Math.max(1, Math.ceil(wanted / 86400));
  let count = Math.floor(dayStart(view.from) / 86400);
  for (let day = dayStart(view.from); day < view.to; day = nextDay(day)) {
    if (count % every === 0) yield { at: day, isDay: true };
    count += 1;
  }
}
