// A right: a depth and downloads make sense with the archive only.
const form = document.querySelector("[data-grant-form]");
const archive = form.elements.namedItem("can_view_dvr");
const follow = () => {
  for (const name of ["dvr_depth_limit", "can_export"]) {
    // Not disabled: what is disabled is not sent, and would be forgotten with the archive switched off for a while.
    form.elements.namedItem(name).closest(".field").classList.toggle("is-idle", !archive.checked);
  }
};
archive.addEventListener("change", follow);
follow();
