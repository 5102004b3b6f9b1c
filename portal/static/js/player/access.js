// The way to the streamer: addresses with a token that is exchanged for a fresh one before it ends.
const RENEW_AT = 0.75; // of a token's life
const AGAIN = 30_000;

export class Access {
  constructor(settings) {
    this.name = settings.name;
    this.tokens = settings.tokens;
    this.timer = 0;
    this.signedOut = false;
    this.take(settings.playback);
  }

  take(playback) {
    this.base = playback.base;
    this.token = playback.token;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.renew(), playback.expires_in * 1000 * RENEW_AT);
  }

  // A fresh token. False: there is no right any more; null: nobody could be asked.
  async renew() {
    try {
      const query = new URLSearchParams({ name: this.name });
      const response = await fetch(`${this.tokens}?${query}`, { headers: { Accept: "application/json" } });
      this.signedOut = response.status === 401 || response.redirected;
      if (this.signedOut) return false;
      if (!response.ok) throw new Error(String(response.status));
      const playback = (await response.json())[this.name];
      if (!playback) return false;
      this.take(playback);
      return true;
    } catch {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.renew(), AGAIN);
      return null;
    }
  }

  url(path, query = {}) {
    return `${this.base}/${path}?${new URLSearchParams({ ...query, token: this.token })}`;
  }

  // The same address with the token of now: playlists carry the one they were asked with.
  fresh(address) {
    const url = new URL(address, location.href);
    if (url.searchParams.has("token")) url.searchParams.set("token", this.token);
    return url.href;
  }

  // JSON from the streamer; throws Refusal with what it said.
  async json(path, query = {}, options = {}) {
    let response = await fetch(this.url(path, query), { ...options, cache: "no-store" });
    if (response.status === 403 && (await this.renew())) {
      response = await fetch(this.url(path, query), { ...options, cache: "no-store" });
    }
    const body = await response.json().catch(() => null);
    if (!response.ok) throw new Refusal(response.status, body?.errors?.[0]);
    return body;
  }
}

export class Refusal extends Error {
  constructor(status, error) {
    super(error?.title ?? String(status));
    this.status = status;
    this.code = error?.code ?? "";
  }
}
