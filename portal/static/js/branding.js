// The brand as it is being chosen: colours, pictures and words go into the previews before anything is saved.
// What follows from two colours is worked out by the server, the same way as for the style sheet of all pages.
const form = document.querySelector("[data-brand-form]");
const previews = [...document.querySelectorAll("[data-brand-preview]")];
const WAIT = 80;

let asked = 0;
let timer = 0;

async function showColours() {
  const number = ++asked;
  const query = new URLSearchParams({ main: form.brand_color.value, accent: form.accent_color.value });
  const answer = await fetch(`${form.dataset.colours}?${query}`, { headers: { Accept: "application/json" } });
  if (!answer.ok || number !== asked) return;
  const values = await answer.json();
  for (const preview of previews) {
    for (const [name, value] of Object.entries(values)) preview.style.setProperty(name, value);
    preview.style.setProperty("--brand-ink", values[`--perch-ink-${preview.dataset.brandPreview}`]);
    preview.style.setProperty("--tblr-link-color", "var(--brand-ink)");
    retint(preview);
  }
}

// Tints made of the main colour are worked out where they are declared: declare them here again.
function retint(preview) {
  const [soft, softer] = preview.dataset.brandPreview === "dark" ? [20, 32] : [9, 16];
  preview.style.setProperty("--brand-soft", `color-mix(in oklab, var(--tblr-primary) ${soft}%, transparent)`);
  preview.style.setProperty("--brand-soft-2", `color-mix(in oklab, var(--tblr-primary) ${softer}%, transparent)`);
}

function showPicture(input) {
  const [file] = input.files;
  for (const preview of previews) {
    const picture = preview.querySelector(`[data-preview-picture="${input.name}"]`);
    if (!picture || !file) continue;
    picture.src = URL.createObjectURL(file);
    picture.hidden = false;
    preview.querySelector("[data-preview-name]").hidden = true;
  }
}

function showText(input) {
  for (const preview of previews) {
    const place = preview.querySelector(`[data-preview-text="${input.name}"]`);
    if (place) place.textContent = input.value;
  }
}

form.addEventListener("input", (event) => {
  const input = event.target;
  if (input.type === "file") showPicture(input);
  else if (input.type === "color") {
    clearTimeout(timer);
    timer = setTimeout(showColours, WAIT);
  } else showText(input);
});
showColours();
