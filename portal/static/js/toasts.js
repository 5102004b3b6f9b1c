// Short messages at the corner. Successes leave by themselves; problems stay until they are read.
const STAY = 5000;

function icon(name) {
  const sprite = document.querySelector("svg.icon use").getAttribute("href").split("#")[0];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

function leave(toast) {
  toast.classList.add("is-leaving");
  setTimeout(() => toast.remove(), 200);
}

function plan(toast) {
  if (toast.matches(".is-error, .is-warning")) return;
  let timer = setTimeout(() => leave(toast), STAY);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => {
    timer = setTimeout(() => leave(toast), STAY);
  });
}

export function showToast(text, level = "info") {
  const toast = document.createElement("div");
  toast.className = `toast-card is-${level}`;
  toast.dataset.toast = "";
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.className = "btn-quiet";
  close.type = "button";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", "×");
  close.append(icon("x"));
  toast.append(icon(level === "error" ? "alert-circle" : level === "warning" ? "alert-triangle" : "circle-check"), words, close);
  document.getElementById("toasts").append(toast);
  plan(toast);
  return toast;
}

export function watchToasts() {
  document.querySelectorAll("[data-toast]").forEach(plan);
  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-toast-close]");
    if (close) leave(close.closest("[data-toast]"));
  });
}
