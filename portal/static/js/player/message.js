// What is said over the picture: what happens, why, and what can be done about it.
export class Message {
  constructor(element) {
    this.element = element;
    this.use = element.querySelector("use");
    this.sprite = this.use.getAttribute("href").split("#")[0];
    this.title = element.querySelector("[data-message-title]");
    this.text = element.querySelector("[data-message-text]");
    this.buttons = element.querySelectorAll("[data-message-actions] > *");
  }

  clear() {
    this.element.hidden = true;
  }

  // `actions` names the buttons that make sense now: "live", "next", "again", "reload".
  show(icon, title, text = "", actions = []) {
    const { element } = this;
    element.hidden = false;
    element.classList.toggle("is-busy", icon === "loader-2");
    this.use.setAttribute("href", `${this.sprite}#${icon}`);
    this.title.textContent = title;
    this.text.textContent = text ?? "";
    for (const button of this.buttons) button.hidden = !actions.includes(button.dataset.action);
  }

  wait(title, text = "") {
    this.show("loader-2", title, text);
  }
}
