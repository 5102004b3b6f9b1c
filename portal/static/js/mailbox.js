// The badge of unread messages follows the mailbox while the page is open, and what is to be shown at once is shown.
import { showToast } from "./toasts.js";

const SHOWN = "perch-messages-shown";
const KINDS = { info: "success", warning: "warning", danger: "error" };

function shownBefore() {
  return new Set(JSON.parse(sessionStorage.getItem(SHOWN) ?? "[]"));
}

async function look() {
  const answer = await fetch(document.getElementById("mailbox").dataset.news, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { unread, pushed } = await answer.json();
  for (const badge of document.querySelectorAll('[data-count="messages"]')) {
    badge.textContent = unread;
    badge.hidden = unread === 0;
  }
  const shown = shownBefore();
  for (const message of pushed.filter((each) => !shown.has(each.id))) {
    shown.add(message.id);
    showToast(message.title, KINDS[message.type]);
  }
  sessionStorage.setItem(SHOWN, JSON.stringify([...shown].slice(-200)));
}

document.addEventListener("messages-changed", look);
