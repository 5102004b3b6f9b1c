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
    this.addresses = playback.addresses ?? {};
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

  // An address of the streamer's make: "live", "archive", "ranges", ... with its moments in Unix seconds put in.
  url(kind, moments = {}, query = {}) {
    const address = this.addresses[kind].replaceAll(/\{(\w+)\}/g, (_all, name) => {
      if (!name.endsWith("_time")) return String(moments[name]);
      return encodeURIComponent(new Date(moments[name.slice(0, -5)] * 1000).toISOString());
    });
    return `${address}${address.includes("?") ? "&" : "?"}${new URLSearchParams({ ...query, token: this.token })}`;
  }

  // Whether the make has this at all.
  has(kind) {
    return Boolean(this.addresses[kind]);
  }

  // The same address with the token of now: playlists carry the one they were asked with.
  fresh(address) {
    const url = new URL(address, location.href);
    if (url.searchParams.has("token")) url.searchParams.set("token", this.token);
    return url.href;
  }

  // Whether the streamer gives this to us at all.
  async isOpen(kind) {
    const response = await fetch(this.url(kind), { cache: "no-store" }).catch(() => null);
    return Boolean(response?.ok);
  }

  // JSON from the streamer; throws Refusal with what it said.
  async json(kind, moments = {}, query = {}, options = {}) {
    let response = await fetch(this.url(kind, moments, query), { ...options, cache: "no-store" });
    if ([401, 403].includes(response.status) && (await this.renew())) {
      response = await fetch(this.url(kind, moments, query), { ...options, cache: "no-store" });
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
