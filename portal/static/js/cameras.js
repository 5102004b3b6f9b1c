// The list of cameras: pictures load when they come into sight and stay fresh while they are; stars need no reload.
const FRESH = 20_000;
const AGAIN = 5_000;
const RENEW = 60 * 60_000;
const list = document.querySelector("[data-previews]");
const visible = new Set();
const addresses = new Map();

function load(image) {
  const next = new Image();
  const address = new URL(addresses.get(image) ?? image.dataset.preview, location.href);
  address.searchParams.set("at", String(Date.now()));
  next.addEventListener("load", () => {
    image.src = next.src;
    image.classList.add("is-there");
    image.dataset.loadedAt = String(Date.now());
  });
  next.addEventListener("error", () => {
    // A picture that was there stays: an old one says more than none, and the badge says how the camera is.
    image.dataset.loadedAt = String(Date.now() - FRESH + AGAIN);
  });
  image.dataset.loadedAt = String(Date.now());
  next.src = address.href;
}

function refresh() {
  if (document.hidden) return;
  for (const image of visible) if (Date.now() - Number(image.dataset.loadedAt ?? 0) >= FRESH) load(image);
}

async function renew() {
  const images = [...document.querySelectorAll("[data-preview]")];
  for (let start = 0; start < images.length; start += 50) {
    const part = images.slice(start, start + 50);
    const query = new URLSearchParams(part.map((image) => ["name", image.closest("[data-camera]").dataset.camera]));
    const response = await fetch(`${list.dataset.previews}?${query}`, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const fresh = await response.json();
    for (const image of part) {
      const playback = fresh[image.closest("[data-camera]").dataset.camera];
      const picture = playback?.addresses?.picture;
      if (picture) addresses.set(image, `${picture}?token=${playback.token}`);
    }
  }
}

async function mark(form, button) {
  const data = new FormData(form);
  data.set("favorite", button.value);
  const response = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
  if (!response.ok) return form.submit();
  const { favorite } = await response.json();
  button.value = favorite ? "0" : "1";
  button.setAttribute("aria-pressed", String(favorite));
  button.classList.toggle("is-on", favorite);
}

if (list) {
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) visible.add(target);
      else visible.delete(target);
    }
    refresh();
  }, { rootMargin: "200px" });
  document.querySelectorAll("[data-preview]").forEach((image) => observer.observe(image));
  document.addEventListener("visibilitychange", refresh);
  setInterval(refresh, 2_000);
  setInterval(renew, RENEW);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-mark]");
  if (!form) return;
  event.preventDefault();
  mark(form, event.submitter);
});
