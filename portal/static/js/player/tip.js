// The moment under the pointer, with what was recorded then and its picture.
import { now, say } from "./clock.js";

const PATIENCE = 120; // ms the pointer rests before a picture is asked for

export class Tip {
  constructor(element, timeline, access, reach, words, reasons) {
    Object.assign(this, { element, timeline, access, reach, words, reasons });
    this.image = element.querySelector("[data-tip-picture]");
    this.time = element.querySelector("[data-tip-time]");
    this.note = element.querySelector("[data-tip-note]");
    this.timer = 0;
    timeline.addEventListener("hover", (event) => this.point(event.detail));
  }

  point(moment) {
    clearTimeout(this.timer);
    this.element.hidden = moment === null;
    if (moment === null) return;
    const { timeline } = this;
    const recorded = Boolean(timeline.recordings.at(moment));
    this.time.textContent = timeline.span > 86400 ? `${say("day", moment)}, ${say("time", moment)}` : say("time", moment);
    const kept = this.reasons.isKept(moment) ? this.words.kept : "";
    this.note.textContent = moment > now() ? "" : recorded ? kept : this.whyMissing(moment);
    this.image.hidden = !recorded || !this.image.src;
    if (recorded) this.timer = setTimeout(() => this.fetch(moment), PATIENCE);
    this.place(moment);
  }

  place(moment) {
    const half = this.element.offsetWidth / 2;
    const x = Math.min(Math.max(this.timeline.x(moment), half), this.timeline.width - half);
    this.element.style.setProperty("translate", `${x - half}px 0`);
  }

  whyMissing(moment) {
    if (this.reach.forbids(moment)) return this.words.tooOld;
    return this.reasons.at(moment) || this.words.missing;
  }

  fetch(moment) {
    if (!this.access.has("frame")) return;
    const picture = new Image();
    picture.addEventListener("load", () => {
      const { hover, span } = this.timeline;
      if (hover === null || Math.abs(hover - moment) > span / 100) return;
      this.image.src = picture.src;
      this.image.hidden = false;
      this.place(hover);
    });
    picture.src = this.access.url("frame", { from: Math.floor(moment) });
  }
}
