// How far back this viewer may look, and whether he may take it with him: to the day the camera came, no further than the camera keeps and his right goes.
import { now } from "./clock.js";

const DAY = 86400;

export class Reach {
  // `since` in Unix seconds; `kept` and `limit` in days, null is without end.
  constructor({ allowed, export: mayExport, since, kept, limit }) {
    Object.assign(this, { allowed, mayExport, since, kept: kept ?? Infinity, limit: limit ?? Infinity });
  }

  // The first moment that may have something to show, in Unix seconds.
  get earliest() {
    return Math.max(this.since, now() - Math.min(this.kept, this.limit) * DAY);
  }

  // Whether it is the viewer's right that ends after this moment: nothing is older than the camera.
  forbids(moment) {
    return moment >= this.since && moment < now() - this.limit * DAY;
  }
}
