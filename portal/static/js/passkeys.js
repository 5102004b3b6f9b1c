// Passkeys: forms with data-passkey ask the browser's devices and send their answer. "add" makes one, "show" shows one.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

function letters(buffer) {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const listed = (credentials) => (credentials || []).map((each) => ({ ...each, id: bytes(each.id) }));

async function make(options) {
  return navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    },
  });
}

async function show(options) {
  return navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) },
  });
}

// The browser's own toJSON is younger than the browsers people have.
function plain(credential) {
  const response = { clientDataJSON: letters(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = letters(credential.response[name]);
  }
  return { id: credential.id, rawId: letters(credential.rawId), type: credential.type, response };
}

async function send(form, address, body) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(address, {
    method: "POST",
    headers: { "X-CSRFToken": token, "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.redirected) {
    location.assign(answer.url);
    return new Promise(() => {});
  }
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said;
}

async function run(form) {
  const complaint = form.querySelector("[role=alert]");
  complaint.hidden = true;
  const options = await send(form, form.dataset.options, {});
  let credential;
  try {
    credential = await (form.dataset.passkey === "add" ? make(options) : show(options));
  } catch {
    throw new Error(form.dataset.failed);
  }
  const title = form.querySelector("[name=title]");
  const said = await send(form, form.action, { credential: plain(credential), title: title ? title.value : "" });
  location.assign(said.to);
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("[type=submit]");
      button.disabled = true;
      try {
        await run(form);
      } catch (error) {
        const complaint = form.querySelector("[role=alert]");
        complaint.textContent = error instanceof SyntaxError ? form.dataset.failed : error.message;
        complaint.hidden = false;
        complaint.classList.add("d-block");
      } finally {
        button.disabled = false;
      }
    });
  }
}
