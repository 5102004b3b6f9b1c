// A link with data-dialog opens its page's [data-dialog-content] in a dialog. Without scripts it is simply a page.
export function openDialogs() {
  const dialog = document.getElementById("dialog");
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      await show(dialog, link.href);
      return;
    }
    if (event.target.closest("[data-dialog-cancel]") && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
    if (event.target === dialog) dialog.close();
  });
}

async function show(dialog, address) {
  const response = await fetch(address, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const content = page.querySelector("[data-dialog-content]");
  if (!response.ok || !content || response.redirected) {
    location.assign(address);
    return;
  }
  dialog.replaceChildren(document.adoptNode(content));
  dialog.showModal();
  dialog.querySelector("[autofocus], [data-dialog-cancel]")?.focus();
}
