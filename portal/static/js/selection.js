// Choosing rows of a list: the head's box takes all of the page, Shift a range, and a bar says how many there are.
const boxes = () => [...document.querySelectorAll("[data-choose]")];
const bar = document.querySelector("[data-chosen-bar]");
const all = document.querySelector("[data-choose-all]");
let last = null;

function show() {
  const chosen = boxes().filter((box) => box.checked).length;
  bar.querySelector("[data-chosen-count]").textContent = chosen;
  bar.querySelector("[data-chosen-go]").disabled = chosen === 0;
  bar.classList.toggle("is-empty", chosen === 0);
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
}

function range(from, to, checked) {
  const rows = boxes();
  const [start, end] = [rows.indexOf(from), rows.indexOf(to)].sort((one, other) => one - other);
  if (start >= 0) for (const box of rows.slice(start, end + 1)) box.checked = checked;
}

function step(event) {
  const rows = boxes();
  const next = rows[rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
  if (event.shiftKey) next.checked = event.target.checked;
  show();
}

if (bar && all) {
  all.closest("th").hidden = false;
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-choose]");
    if (!box) return;
    if (event.shiftKey && last) range(last, box, box.checked);
    last = box;
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.("[data-choose]") && ["ArrowDown", "ArrowUp"].includes(event.key)) step(event);
  });
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    show();
  });
  addEventListener("pageshow", show);
  show();
}
