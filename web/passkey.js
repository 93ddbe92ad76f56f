// Passkeys in the browser (Web Authentication Level 3): whether there can be any, and what the
// browser makes and signs. On the sign-in page and in the dialog that asks for the password again,
// this adds a button, and on the sign-in page the username field offers passkeys by itself.

import { base, failure, make, OFFLINE } from "./tools.js";

// Why this page can have no passkeys; nothing if it can.
export function hindrance() {
  if (/^[\d.]+$|^\[/.test(location.hostname)) {
    return "There are no passkeys here: browsers have none for an IP address. Open this site by its name.";
  }
  const can = window.PublicKeyCredential?.parseRequestOptionsFromJSON;
  return can ? "" : "This browser has no passkeys, or none on a page without https.";
}

const GIVEN_UP = "The browser has shown no passkey. Try again, or do without.";
const OTHER_SITE = "The passkeys of this server are for another address than this page’s.";

// A browser asks for one thing at a time: the username field asks no more.
async function alone() {
  if (!waiting) return;
  waiting.abort();
  await new Promise((resolve) => setTimeout(resolve));
}

// What the person's passkey has signed, as JSON.
export async function sign(options, more = {}) {
  if (!more.signal) await alone();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey, ...more }).catch(refuse);
  return credential.toJSON();
}

// The passkey that the browser has made, as JSON.
export async function create(options, more = {}) {
  await alone();
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey, ...more }).catch(refuse);
  return credential.toJSON();
}

function refuse(error) {
  if (error.name === "AbortError") throw error;
  const known = { InvalidStateError: "This device has a passkey for your account already.", SecurityError: OTHER_SITE };
  throw new Error(known[error.name] ?? GIVEN_UP);
}

// What the server asks of a passkey: of this user's, or of anybody's.
export async function question(username) {
  const answer = await fetch(base + "/api/login/passkey/options", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(username ? { username } : {}),
  }).catch(() => null);
  if (!answer) throw new Error(OFFLINE);
  if (!answer.ok) throw await failure(answer);
  return answer.json();
}

// The application sends this to the server, to sign in or to go on.
function hand(body) {
  const button = make("button", { "data-action": "passkey", hidden: "" });
  const row = make("div", { "data-id": JSON.stringify(body) }, button);
  document.body.append(row);
  button.click();
  row.remove();
}

// A button that tells below it what went wrong.
function offer(act) {
  const alert = make("p", { class: "alert", role: "alert" });
  const press = async () => {
    alert.textContent = "";
    button.disabled = true;
    await act().catch((error) => error.name === "AbortError" || (alert.textContent = error.message));
    button.disabled = false;
    if (document.activeElement === document.body) button.focus();
  };
  const button = make("button", { class: "button secondary wide", type: "button", "data-do": "passkey", click: press }, "Use a passkey");
  return make("div", { class: "passkey" }, button, alert);
}

// The sign-in page

const login = document.getElementById("login-form");
const username = document.getElementById("login-username");
const view = login.closest("[data-view]");
let waiting;

async function signIn() {
  const name = username.value.trim();
  const { challenge, options } = await question(name);
  hand({ challenge, credential: await sign(options) });
}

// The browser lists passkeys among the usernames that it knows. The server is asked when somebody
// comes to the field. Its question is dropped before it expires, and the next visit asks anew.
async function fill() {
  if (waiting || view.hidden) return;
  waiting = new AbortController();
  const { signal } = waiting;
  const expiry = setTimeout(() => waiting?.abort(), 240_000);
  try {
    if (await PublicKeyCredential.isConditionalMediationAvailable?.()) {
      const { challenge, options } = await question();
      hand({ challenge, credential: await sign(options, { mediation: "conditional", signal }) });
    }
  } catch {
    // The button says what is wrong.
  }
  clearTimeout(expiry);
  waiting = undefined;
}

// The dialog that asks for the password again

const fresh = document.getElementById("fresh");
const again = offer(async () => {
  const { challenge, options } = await question(document.getElementById("nav-user").textContent);
  hand({ challenge, passkey: await sign(options) });
});

async function offerAgain() {
  if (!fresh.open) return;
  again.hidden = true;
  again.lastChild.textContent = "";
  const answer = await hallpass.fetch(base + "/api/me/factors", { cache: "no-store" }).catch(() => null);
  const { passkeys } = answer?.ok ? await answer.json().catch(() => ({})) : {};
  again.hidden = !passkeys?.length;
  // Whoever types already goes on.
  if (!again.hidden && !document.getElementById("fresh-password").value) again.firstChild.focus();
}

if (!hindrance()) {
  login.after(offer(signIn));
  username.autocomplete = "username webauthn";
  username.addEventListener("focus", fill);
  if (document.activeElement === username) fill();
  new MutationObserver(() => view.hidden && waiting?.abort()).observe(view, { attributeFilter: ["hidden"] });
  document.getElementById("fresh-form").before(again);
  new MutationObserver(offerAgain).observe(fresh, { attributeFilter: ["open"] });
  offerAgain();
}
