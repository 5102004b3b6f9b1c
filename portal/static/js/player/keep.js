// Keeping a moment longer than the archive's days: the window to download while that is open, else around what is shown.
import { showToast } from "../toasts.js";

const BEFORE = 10;
const AFTER = 30;

export async function keepMoment({ address, moment, window, reasons, words }) {
  const { from, to } = window ?? { from: moment - BEFORE, to: moment + AFTER };
  const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  try {
    const response = await fetch(address, { method: "POST", headers, body: new URLSearchParams({ from, to }) });
    const isJson = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
    const { message } = isJson ? await response.json() : { message: words.keepFailed };
    showToast(message, response.ok ? "success" : "error");
    if (response.ok) reasons.refresh();
  } catch {
    showToast(words.keepFailed, "error");
  }
}
