// The choice between the renditions of a live picture; hidden where there is only one.
const AUTO = "-1";

export class Quality {
  constructor(element, stage, words) {
    Object.assign(this, { element, stage, words });
    element.addEventListener("change", () => this.choose(Number(element.value)));
    stage.addEventListener("levels", () => this.paint());
  }

  choose(level) {
    this.stage.hls.nextLevel = level;
  }

  paint() {
    const { element, stage } = this;
    const levels = stage.hls?.levels ?? [];
    element.hidden = levels.length < 2 || stage.mode !== "live";
    if (element.hidden) return;
    const options = levels.map((level, index) => new Option(level.height ? `${level.height}p` : `#${index + 1}`, index));
    element.replaceChildren(new Option(this.words.auto, AUTO), ...options);
    element.value = stage.hls.autoLevelEnabled ? AUTO : String(stage.hls.nextLevel);
  }
}
