// Access to folders: any right needs the right to watch live, and a depth needs the archive.
for (const row of document.querySelectorAll("[data-folder-row]")) {
  const live = row.querySelector("[data-live-right]");
  const archive = row.querySelector("[data-archive-right]");
  const others = [...row.querySelectorAll("input")].filter((input) => input !== live);
  const ofArchive = row.querySelectorAll(".depth-input, [data-archive-part]");
  const follow = () => {
    for (const input of others) input.disabled = !live.checked;
    for (const input of ofArchive) input.disabled = !live.checked || !archive.checked;
  };
  row.addEventListener("change", follow);
  follow();
}
