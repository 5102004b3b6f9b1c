// The rules of detection zones, as devices/detection_zones.py holds them: why zones are refused, or an empty text.
const LEAST = 0.25;
const TINY = 1e-9;

export function read(text) {
  return text.split(";").filter((part) => part.trim()).map((part) => part.split(",").map((point) => point.trim().split(/\s+/).map(Number)));
}

export function written(zones) {
  return zones.map((zone) => zone.map((point) => point.map((value) => Number(value.toFixed(4))).join(" ")).join(", ")).join("; ");
}

export function refusal(zones) {
  for (const zone of zones) {
    if (zone.length < 3 || zone.length > 24) return "few";
    if (crosses(zone)) return "crossing";
    const turns = zone.map((point, n) => turn(point, zone[(n + 1) % zone.length], zone[(n + 2) % zone.length]));
    if (Math.min(...turns) < -TINY && Math.max(...turns) > TINY) return "convex";
    if (area(zone) < LEAST - TINY) return "small";
  }
  return zones.some((one, n) => zones.slice(n + 1).some((other) => overlap(one, other))) ? "overlap" : "";
}

const sides = (zone) => zone.map((point, n) => [point, zone[(n + 1) % zone.length]]);
const turn = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - by) - (by - ay) * (cx - bx);

function area(zone) {
  return Math.abs(sides(zone).reduce((sum, [[x1, y1], [x2, y2]]) => sum + x1 * y2 - x2 * y1, 0)) / 2;
}

function crosses(zone) {
  const all = sides(zone);
  return all.some((one, n) => all.slice(n + 2).some((other, m) => !(n === 0 && n + 2 + m === all.length - 1) && cross(one, other)));
}

function cross(one, other) {
  const turns = [...other.map((point) => turn(...one, point)), ...one.map((point) => turn(...other, point))];
  if (turns[0] * turns[1] < 0 && turns[2] * turns[3] < 0) return true;
  const points = [...other, ...one];
  return turns.some((value, n) => Math.abs(value) <= TINY && between(points[n], ...(n < 2 ? one : other)));
}

function between(point, start, end) {
  return point.every((p, n) => Math.min(start[n], end[n]) - TINY <= p && p <= Math.max(start[n], end[n]) + TINY);
}

function overlap(one, other) {
  return ![...sides(one), ...sides(other)].some(([[x1, y1], [x2, y2]]) => apart([y2 - y1, x1 - x2], one, other));
}

function apart(axis, one, other) {
  const [mine, theirs] = [one, other].map((zone) => zone.map(([x, y]) => x * axis[0] + y * axis[1]));
  return Math.max(...mine) <= Math.min(...theirs) + TINY || Math.max(...theirs) <= Math.min(...mine) + TINY;
}
