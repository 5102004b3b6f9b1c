// The camera form: a locked preset shows its values, an organization brings its folders, on demand warns.
const form = document.querySelector("[data-camera-form]");
const presets = JSON.parse(document.getElementById("preset-values").textContent);
const ruled = ["dvr_depth", "dvr_space", "vision_alg"].map((name) => form.elements[name]);
const typed = new Map(ruled.map((input) => [input.name, input.value]));

function followPreset() {
  const preset = presets[form.elements.preset.value];
  if (!preset) return;
  for (const input of ruled) {
    if (preset.locked) {
      if (!input.disabled) typed.set(input.name, input.value);
      input.value = preset[input.name] ?? "";
    } else if (input.disabled || !input.value) {
      input.value = typed.get(input.name) || (preset[input.name] ?? "");
    }
    input.disabled = preset.locked;
  }
  form.querySelector("[data-preset-locked]").hidden = !preset.locked;
}

function warnOnDemand() {
  form.querySelector("[data-on-demand-warning]").hidden = !form.elements.on_demand.checked;
}

function followOrganization() {
  const address = new URL(location.href);
  address.searchParams.set("organization", form.elements.organization.value);
  if (form.elements.title.value) address.searchParams.set("title", form.elements.title.value);
  location.assign(address);
}

form.elements.preset.addEventListener("change", followPreset);
form.elements.on_demand.addEventListener("change", warnOnDemand);
form.elements.organization.addEventListener("change", followOrganization);
document.addEventListener("keydown", (event) => {
  if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
followPreset();
warnOnDemand();
