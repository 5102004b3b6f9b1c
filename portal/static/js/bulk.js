// Changing many cameras: another organization brings its folders, on demand warns, a long list goes on by itself.
const form = document.querySelector("[data-bulk-form]");
const onward = document.querySelector("form[data-go-on]");

function again() {
  const step = document.createElement("input");
  Object.assign(step, { type: "hidden", name: "step", value: "form" });
  form.append(step);
  form.submit();
}

function warnOnDemand() {
  form.querySelector("[data-on-demand-warning]").hidden = form.elements.static.value !== "0";
}

if (form) {
  form.elements.organization.addEventListener("change", again);
  form.elements.static.addEventListener("change", warnOnDemand);
  warnOnDemand();
}
onward?.requestSubmit();
