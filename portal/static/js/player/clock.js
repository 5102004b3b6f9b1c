// Time as the player shows it: in the ISP's time zone, by the server's clock. All moments are Unix seconds.
let skew = 0;
let zone = "UTC";
let language = "en";
let shapes = {};

export function setClock(settings) {
  skew = settings.now - Date.now() / 1000;
  zone = settings.zone;
  language = document.documentElement.lang || "en";
  const shape = (options) => new Intl.DateTimeFormat(language, { timeZone: zone, hourCycle: "h23", ...options });
  shapes = {
    time: shape({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    short: shape({ hour: "2-digit", minute: "2-digit" }),
    day: shape({ weekday: "short", day: "numeric", month: "short" }),
    long: shape({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    month: shape({ month: "long", year: "numeric" }),
    parts: new Intl.DateTimeFormat("en-CA", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    }),
  };
}

export const now = () => Date.now() / 1000 + skew;
export const zoneName = () => zone.replaceAll("_", " ");
export const isForeignZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone !== zone;
export const say = (shape, moment) => shapes[shape].format(new Date(moment * 1000));

// The calendar's words for a moment: {year, month, day, hour, minute, second} as numbers.
export function parts(moment) {
  const found = {};
  for (const { type, value } of shapes.parts.formatToParts(new Date(moment * 1000))) found[type] = Number(value);
  return found;
}

// The moment of a local time in the zone. A time that a clock change skips becomes the one an hour later.
export function moment(year, month, day, hour = 0, minute = 0, second = 0) {
  const wanted = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  let guess = wanted;
  for (let turn = 0; turn < 3; turn += 1) {
    const found = parts(guess);
    const shown = Date.UTC(found.year, found.month - 1, found.day, found.hour, found.minute, found.second) / 1000;
    if (shown === wanted) break;
    guess += wanted - shown;
  }
  return guess;
}

export function dayStart(at) {
  const { year, month, day } = parts(at);
  return moment(year, month, day);
}

export function nextDay(at, days = 1) {
  const { year, month, day } = parts(at);
  return moment(year, month, day + days);
}

// For <input type="datetime-local">: the zone's own time without an offset.
export function toInput(at) {
  const { year, month, day, hour, minute, second } = parts(at);
  const two = (number) => String(number).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

export function fromInput(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  if (!found) return null;
  const [, year, month, day, hour, minute, second] = found.map(Number);
  return moment(year, month, day, hour, minute, second || 0);
}

// 3725 is "1:02:05".
export function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function bitrate(bits) {
  const shape = { style: "unit", unit: "kilobit-per-second", unitDisplay: "short", maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language, shape).format(bits / 1000);
}

export function bytes(number) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let value = number;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit", unit: units[unit], unitDisplay: "short", maximumFractionDigits: digits,
  }).format(value);
}
