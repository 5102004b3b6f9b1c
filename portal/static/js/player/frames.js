// Which frame is on show and how long one lasts, told by the browser for every frame it paints.
export class Frames {
  constructor(video) {
    this.video = video;
    this.at = null; // media time of the frame on show
    this.lasts = Infinity;
    const painted = (_now, { mediaTime }) => {
      // A dropped frame makes a step longer, nothing makes one shorter.
      const step = this.at === null ? 0 : mediaTime - this.at;
      if (step > 0.005 && !video.paused) this.lasts = Math.min(this.lasts, step);
      this.at = mediaTime;
      video.requestVideoFrameCallback(painted);
    };
    video.requestVideoFrameCallback?.(painted);
  }

  forget() {
    this.at = null;
    this.lasts = Infinity;
  }

  // The media time in the middle of a frame so many after this one: at its edge either neighbour may be painted.
  after(count, fps) {
    const lasts = Math.min(this.lasts, 1 / fps);
    const { currentTime } = this.video;
    const at = this.at ?? currentTime;
    // The browser may tell late. Its clock may also stand a hair before the frame it has painted already, which is none
    // back; a step back that is under way stands half a frame before it.
    const past = (currentTime - at) / lasts;
    const shown = at + (past > -0.25 && past < 0 ? 0 : Math.floor(past + 0.01)) * lasts;
    return shown + (count + 0.5) * lasts;
  }
}
