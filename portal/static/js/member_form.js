// Access to folders: any right needs the right to watch live, and a depth needs the archive.
for (const row of document.querySelectorAll("[data-folder-row]")) {
  const live = row.querySelector("[data-live-right]");
  const archive = row.querySelector("[data-archive-right]");
  const others = [...row.querySelectorAll("input")].filter((input) => input !== live);
  const depth = row.querySelector(".depth-input");
  const follow = () => {
    for (const input of others) input.disabled = !live.checked;
    depth.disabled = !live.checked || !archive.checked;
  };
  row.addEventListener("change", follow);
  follow();
}
