// Keys of the player. Whoever types in a field, or is in a dialog, means something else.
export function listenToKeys(actions, close) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      close();
      return;
    }
    if (event.target.closest("input:not([type=range]), textarea, select")) return;
    if (event.target.closest("input[type=range]") && event.key.startsWith("Arrow")) return;
    // A focused button is pressed by these two, whatever else they mean.
    if (event.target.closest("button, a, summary") && (event.key === " " || event.key === "Enter")) return;
    const act = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}
