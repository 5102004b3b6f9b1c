// What every page does: toasts, the theme switch, dialogs, forms that send themselves.
import { openDialogs } from "./dialog.js";
import { showToast, watchToasts } from "./toasts.js";

const YEAR = 365 * 24 * 3600;

function watchTheme() {
  const root = document.documentElement;
  const mark = () => {
    for (const button of document.querySelectorAll("[data-theme-switch] button")) {
      button.setAttribute("aria-pressed", String(button.value === root.dataset.theme));
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-switch] button");
    if (!button) return;
    root.dataset.theme = button.value;
    document.cookie = `perch_theme=${button.value}; path=/; max-age=${YEAR}; samesite=lax`;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.bsTheme = button.value === "auto" ? (dark ? "dark" : "light") : button.value;
    mark();
  });
  mark();
}

// A choice in a filter takes effect at once; the button beside it is for those without scripts.
function watchFilters() {
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form && !event.target.closest("[data-htmx-owned]")) form.requestSubmit();
  });
}

// Empty filters need no place in the address.
function keepAddressesShort() {
  document.addEventListener("formdata", (event) => {
    if (event.target.method !== "get") return;
    for (const [name, value] of [...event.formData.entries()]) if (value === "") event.formData.delete(name);
  });
}

function watchShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const search = document.querySelector("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
}

function watchCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    showToast(button.dataset.copied, "success");
  });
}

function watchPasswords() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveal]");
    if (!button) return;
    const input = document.getElementById(button.dataset.reveal);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    input.focus();
  });
}

function watchPrinting() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
}

// On a phone a row of tabs is wider than the screen: begin with the one that is open.
function showCurrentTab() {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
}

watchTheme();
showCurrentTab();
watchPrinting();
watchPasswords();
watchToasts();
watchFilters();
keepAddressesShort();
watchShortcuts();
watchCopying();
openDialogs();
