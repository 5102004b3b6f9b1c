// The editor of detection zones: corners are dragged by mouse and finger, or moved by arrow keys.
import { read, refusal, written } from "./rules.js";

const [WIDE, HIGH] = [160, 90];
const form = document.querySelector("[data-zones]");
const find = (name) => form.querySelector(`[data-${name}]`);
const field = form.elements.vision_areas;
const drawing = find("zone-drawing");
const texts = JSON.parse(document.getElementById("zone-texts").textContent);
const zones = read(field.value);
const chosen = { zone: 0, corner: 0 };
let drag = null;

function told(text, values) {
  return Object.entries(values).reduce((all, [name, value]) => all.replace(`%(${name})s`, value), text);
}

function shape(kind, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function drawZone(zone, n) {
  const label = told(texts.zone, { n: n + 1 });
  const points = zone.map(([x, y]) => `${x * WIDE},${y * HIGH}`).join(" ");
  const body = { points, tabindex: "0", "data-zone": n, role: "button", "aria-label": label, "aria-pressed": n === chosen.zone };
  drawing.append(shape("polygon", body));
  zone.forEach(([x, y], corner) => {
    const name = `${told(texts.corner, { n: n + 1, corner: corner + 1 })}: ${Math.round(x * 100)} % ${Math.round(y * 100)} %`;
    const at = { cx: x * WIDE, cy: y * HIGH, rx: 1.8, ry: 1.8, tabindex: "0", role: "button", "data-zone": n, "data-corner": corner, "aria-label": name };
    drawing.append(shape("ellipse", at));
  });
}

function drawTabs() {
  find("zone-tabs").replaceChildren(...zones.map((_zone, n) => {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", textContent: n + 1 });
    tab.setAttribute("aria-pressed", n === chosen.zone);
    tab.setAttribute("aria-label", told(texts.zone, { n: n + 1 }));
    tab.addEventListener("click", () => choose(n, 0));
    return tab;
  }));
}

function judge() {
  const reason = refusal(zones);
  const verdict = find("zone-verdict");
  verdict.textContent = reason ? texts[reason] : zones.length ? texts.good : texts.whole;
  verdict.classList.toggle("is-bad", Boolean(reason));
  find("zone-save").disabled = Boolean(reason);
  for (const name of ["corner-add", "zone-remove"]) find(name).disabled = !zones.length;
  find("corner-remove").disabled = !zones.length || zones[chosen.zone].length <= 3;
  field.value = written(zones);
}

function draw() {
  const focused = document.activeElement?.dataset;
  drawing.replaceChildren();
  zones.forEach(drawZone);
  drawTabs();
  judge();
  if (focused?.zone !== undefined) focus(focused.zone, focused.corner);
}

function focus(zone, corner) {
  const which = corner === undefined ? `polygon[data-zone="${zone}"]` : `[data-zone="${zone}"][data-corner="${corner}"]`;
  drawing.querySelector(which)?.focus();
}

function choose(zone, corner) {
  Object.assign(chosen, { zone, corner });
  draw();
}

const kept = (value) => Math.min(1, Math.max(0, value));

function move(zone, corner, dx, dy) {
  const points = zones[zone];
  if (corner !== undefined) points[corner] = [kept(points[corner][0] + dx), kept(points[corner][1] + dy)];
  else {
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const [x, y] = [Math.max(-Math.min(...xs), Math.min(1 - Math.max(...xs), dx)), Math.max(-Math.min(...ys), Math.min(1 - Math.max(...ys), dy))];
    zones[zone] = points.map((point) => [point[0] + x, point[1] + y]);
  }
  draw();
}

function addCorner() {
  const points = zones[chosen.zone];
  const [one, next] = [points[chosen.corner], points[(chosen.corner + 1) % points.length]];
  points.splice(chosen.corner + 1, 0, [(one[0] + next[0]) / 2, (one[1] + next[1]) / 2]);
  choose(chosen.zone, chosen.corner + 1);
  focus(chosen.zone, chosen.corner);
}

function removeCorner() {
  if (zones[chosen.zone].length <= 3) return;
  zones[chosen.zone].splice(chosen.corner, 1);
  choose(chosen.zone, Math.max(0, chosen.corner - 1));
  focus(chosen.zone, chosen.corner);
}

function removeZone() {
  zones.splice(chosen.zone, 1);
  choose(Math.max(0, chosen.zone - 1), 0);
}

function addZone() {
  const left = zones.length % 2 ? 0.5 : 0;
  zones.push(zones.length ? [[left, 0], [left + 0.5, 0], [left + 0.5, 1], [left, 1]] : [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]);
  choose(zones.length - 1, 0);
}

const placed = (target) => [Number(target.dataset.zone), target.dataset.corner === undefined ? undefined : Number(target.dataset.corner)];

drawing.addEventListener("pointerdown", (event) => {
  if (event.target.dataset.zone === undefined) return;
  const [zone, corner] = placed(event.target);
  drag = { zone, corner, x: event.clientX, y: event.clientY };
  drawing.setPointerCapture(event.pointerId);
  choose(zone, corner ?? 0);
  focus(zone, corner);
  event.preventDefault();
});
drawing.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const box = drawing.getBoundingClientRect();
  move(drag.zone, drag.corner, (event.clientX - drag.x) / box.width, (event.clientY - drag.y) / box.height);
  Object.assign(drag, { x: event.clientX, y: event.clientY });
});
for (const name of ["pointerup", "pointercancel"]) drawing.addEventListener(name, () => { drag = null; });

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
drawing.addEventListener("keydown", (event) => {
  if (event.target.dataset.zone === undefined) return;
  const [zone, corner] = placed(event.target);
  Object.assign(chosen, { zone, corner: corner ?? 0 });
  const far = event.shiftKey ? 0.05 : 0.01;
  if (STEPS[event.key]) move(zone, corner, STEPS[event.key][0] * far, STEPS[event.key][1] * far);
  else if (event.key === "Insert" || event.key === "+") addCorner();
  else if (event.key === "Delete" && corner !== undefined) removeCorner();
  else if (event.key === "Delete") removeZone();
  else return;
  event.preventDefault();
});
drawing.addEventListener("focusin", (event) => {
  if (event.target.dataset.corner !== undefined) [chosen.zone, chosen.corner] = placed(event.target);
});

find("zone-add").addEventListener("click", addZone);
find("zone-remove").addEventListener("click", removeZone);
find("corner-add").addEventListener("click", addCorner);
find("corner-remove").addEventListener("click", removeCorner);
find("zone-picture")?.addEventListener("error", (event) => { event.target.hidden = true; });
find("zone-editor").hidden = false;
find("zone-text").hidden = !field.classList.contains("is-invalid") && !find("zone-text").querySelector(".invalid-feedback");
draw();
