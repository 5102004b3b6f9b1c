// Which frame is on show and how long one lasts, told by the browser for every frame it paints.
const REMEMBERED = 15;

export class Frames {
  constructor(video) {
    this.video = video;
    this.at = null; // media time of the frame on show
    this.steps = []; // the last ones from frame to frame, in seconds
    const painted = (_now, { mediaTime }) => {
      const step = this.at === null ? 0 : mediaTime - this.at;
      if (step > 0.005 && !video.paused) this.steps = [...this.steps, step].slice(-REMEMBERED);
      this.at = mediaTime;
      video.requestVideoFrameCallback(painted);
    };
    video.requestVideoFrameCallback?.(painted);
  }

  forget() {
    this.at = null;
    this.steps = [];
  }

  // The middle one: a dropped frame makes a step longer, and a seam in the recording makes one shorter.
  get lasts() {
    const sorted = [...this.steps].sort((one, other) => one - other);
    return sorted.length ? sorted[Math.floor(sorted.length / 2)] : Infinity;
  }

  // The media time in the middle of a frame so many after this one: at its edge either neighbour may be painted.
  after(count, fps) {
    const lasts = Math.min(this.lasts, 1 / fps);
    const { currentTime } = this.video;
    const at = this.at ?? currentTime;
    const shown = at + Math.floor((currentTime - at) / lasts + 0.01) * lasts; // the browser may tell late
    return shown + (count + 0.5) * lasts;
  }
}
