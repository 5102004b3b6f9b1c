// Moving folders and cameras by their handles, with mouse, pen or finger; the menu of a row does the same by keyboard.
const EDGE = 44; // pixels from the window's edge where it scrolls by itself
const SLACK = 4; // pixels a press may wander before it is a drag
let drag = null;

const tree = () => document.getElementById("tree");

function rowAt(x, y) {
  const under = document.elementFromPoint(x, y);
  const row = under?.closest("#tree .tree-row.is-folder");
  return row ?? under?.closest("#tree .tree-leaves")?.previousElementSibling ?? null;
}

// The rows that move along: a folder's own row and everything below it.
function family(row) {
  const rows = [row];
  if (!row.dataset.folder) return rows;
  for (let next = row.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.matches(".is-folder") && Number(next.dataset.depth) <= Number(row.dataset.depth)) break;
    rows.push(next);
  }
  return rows;
}

function placeIn(row, y) {
  if (drag.row.dataset.camera) return "inside";
  const { top, height } = row.getBoundingClientRect();
  const share = (y - top) / height;
  if (share < 0.28) return "before";
  return share > 0.72 ? "after" : "inside";
}

function unmark() {
  for (const row of document.querySelectorAll("#tree [data-drop]")) delete row.dataset.drop;
}

function begin(event) {
  drag.ghost = drag.row.cloneNode(true);
  drag.ghost.className = "tree-ghost";
  drag.ghost.removeAttribute("data-folder");
  document.body.append(drag.ghost);
  for (const row of drag.family) row.classList.add("is-dragged");
  drag.on = true;
  follow(event);
}

function follow(event) {
  drag.ghost.style.setProperty("transform", `translate(${event.clientX + 12}px, ${event.clientY + 8}px)`);
  unmark();
  const row = rowAt(event.clientX, event.clientY);
  drag.target = row && !drag.family.includes(row) ? row : null;
  if (drag.target) {
    drag.place = placeIn(drag.target, event.clientY);
    drag.target.dataset.drop = drag.place;
  }
  if (event.clientY < EDGE) window.scrollBy(0, -12);
  else if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, 12);
}

function finish() {
  unmark();
  drag.ghost?.remove();
  for (const row of drag.family) row.classList.remove("is-dragged");
  drag = null;
}

function send({ row, target, place }) {
  const values = {
    target: target.dataset.folder,
    place,
    csrfmiddlewaretoken: tree().querySelector("[name=csrfmiddlewaretoken]").value,
  };
  if (row.dataset.camera) values.camera = row.dataset.camera;
  else values.folder = row.dataset.folder;
  tree().setAttribute("aria-busy", "true");
  window.htmx.ajax("POST", tree().dataset.tree, { target: "#tree", swap: "outerHTML", values });
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest("#tree [data-handle]");
  if (!handle || event.button > 0) return;
  event.preventDefault();
  const row = handle.closest(".tree-row");
  drag = { row, family: family(row), x: event.clientX, y: event.clientY, on: false, target: null, place: "inside" };
  handle.setPointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (drag.on) follow(event);
  else if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > SLACK) begin(event);
});

document.addEventListener("pointerup", () => {
  if (!drag) return;
  const { on, row, target, place } = drag;
  finish();
  if (on && target) send({ row, target, place });
});

document.addEventListener("pointercancel", () => drag && finish());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drag) finish();
});

// What was refused comes with the reason and the tree as it is: it is shown like an answer.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "tree" && event.detail.xhr.status === 409) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A failed answer (signed out, no connection) leaves the tree as it was.
document.addEventListener("htmx:afterRequest", () => tree()?.removeAttribute("aria-busy"));

// The cameras of a folder are fetched once; after that the same button hides and shows them.
document.addEventListener("htmx:beforeRequest", (event) => {
  const button = event.target.closest?.("[data-tree-cameras]");
  if (!button) return;
  const leaves = document.getElementById(button.getAttribute("aria-controls"));
  if (!leaves.children.length) return;
  event.preventDefault();
  leaves.hidden = !leaves.hidden;
});
