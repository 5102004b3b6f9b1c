// How a camera is, of what the server says: for badges and the player.
// The same choice as portal/pages/status.py makes for the page.
export function stateOf(camera) {
  if (!camera.enabled) return "disabled";
  if (camera.private) return "private";
  if (camera.alive) return "online";
  if (camera.error) return "offline";
  return camera.static ? "waiting" : "asleep";
}
