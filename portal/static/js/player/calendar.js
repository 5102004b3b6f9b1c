// A month of days; days with recordings are marked, and a click plays the first recording of the day.
import { dayStart, moment, nextDay, now, parts, say } from "./clock.js";

export class Calendar extends EventTarget {
  constructor(element, recordings) {
    super();
    this.element = element;
    this.recordings = recordings;
    this.grid = element.querySelector("[data-days]");
    this.title = element.querySelector("[data-month]");
    element.querySelector("[data-month-before]").addEventListener("click", () => this.turn(-1));
    element.querySelector("[data-month-after]").addEventListener("click", () => this.turn(1));
    this.grid.addEventListener("click", (event) => this.pick(event));
    this.grid.addEventListener("keydown", (event) => this.walk(event));
    recordings.addEventListener("change", () => this.isOpen && this.paint());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open(at) {
    this.chosen = dayStart(at);
    const { year, month } = parts(at);
    this.first = { year, month };
    this.element.hidden = false;
    this.load();
    this.grid.querySelector("[aria-current], button:not(:disabled)")?.focus();
  }

  close() {
    this.element.hidden = true;
  }

  turn(months) {
    const turned = new Date(Date.UTC(this.first.year, this.first.month - 1 + months, 1));
    this.first = { year: turned.getUTCFullYear(), month: turned.getUTCMonth() + 1 };
    this.load();
  }

  load() {
    const { year, month } = this.first;
    this.recordings.want(moment(year, month, 1), moment(year, month + 1, 1));
    this.paint();
  }

  paint() {
    const { year, month } = this.first;
    const start = moment(year, month, 1);
    this.title.textContent = say("month", start + 43200);
    const before = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7;
    const cells = Array.from({ length: before }, () => document.createElement("span"));
    for (let day = start; parts(day).month === parts(start).month; day = nextDay(day)) cells.push(this.cell(day));
    const focused = document.activeElement?.dataset?.day;
    this.grid.replaceChildren(...cells);
    if (focused) this.grid.querySelector(`[data-day="${focused}"]`)?.focus();
  }

  cell(day) {
    const button = document.createElement("button");
    const end = nextDay(day);
    const recorded = this.recordings.within(day, end).length > 0;
    button.type = "button";
    button.textContent = String(parts(day).day);
    button.dataset.day = String(day);
    button.classList.toggle("has-archive", recorded);
    button.disabled = day > now();
    button.setAttribute("aria-label", say("long", day + 43200));
    if (day === this.chosen) button.setAttribute("aria-current", "date");
    if (day === dayStart(now())) button.classList.add("is-today");
    return button;
  }

  pick(event) {
    const button = event.target.closest("[data-day]");
    if (!button) return;
    this.dispatchEvent(new CustomEvent("pick", { detail: Number(button.dataset.day) }));
    this.close();
  }

  walk(event) {
    const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    if (!days || !event.target.dataset.day) return;
    event.preventDefault();
    event.stopPropagation();
    const to = nextDay(Number(event.target.dataset.day) + 43200, days);
    const { year, month } = parts(to);
    if (month !== this.first.month || year !== this.first.year) {
      this.first = { year, month };
      this.load();
    }
    this.grid.querySelector(`[data-day="${to}"]`)?.focus();
  }
}
