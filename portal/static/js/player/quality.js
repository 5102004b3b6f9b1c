// The choice between the renditions of a live picture; hidden where there is only one.
import { bitrate } from "./clock.js";

const AUTO = "-1";

export class Quality {
  constructor(element, stage, words) {
    Object.assign(this, { element, stage, words, chosen: Number(AUTO) });
    element.addEventListener("change", () => this.choose(Number(element.value)));
    stage.addEventListener("levels", () => this.paint());
  }

  choose(level) {
    this.chosen = level;
    this.stage.hls.nextLevel = level;
  }

  // What was chosen holds for every later picture of the camera, also after trouble and a look into the archive.
  keep() {
    const { chosen, stage } = this;
    if (chosen >= 0 && chosen < stage.hls.levels.length && stage.hls.autoLevelEnabled) stage.hls.nextLevel = chosen;
  }

  paint() {
    const { element, stage } = this;
    const levels = stage.hls?.levels ?? [];
    element.hidden = levels.length < 2 || stage.mode !== "live";
    if (element.hidden) return;
    this.keep();
    const options = levels.map((level, index) => new Option(name(level, levels), index));
    element.replaceChildren(new Option(this.words.auto, AUTO), ...options);
    element.value = stage.hls.autoLevelEnabled ? AUTO : String(this.chosen);
  }
}

// 720p; where two are of one height, what tells them apart is what they cost: 720p · 900 kb/s.
function name(level, levels) {
  const isAlone = levels.filter((other) => other.height === level.height).length === 1;
  const height = level.height ? `${level.height}p` : "";
  return isAlone && height ? height : [height, bitrate(level.bitrate)].filter(Boolean).join(" · ");
}
