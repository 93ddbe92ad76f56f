// Setting up the second factor that an account must have, between a right password and being signed
// in. The application sees nothing of it but the last answer, which signs in.

import { appParts, codeParts } from "./enrol.js";
import { create, hindrance } from "./passkey.js";
import { given, openStep, post } from "./step.js";
import { doer, failure, make, OFFLINE } from "./tools.js";

const GIVEN_UP = "Nobody was signed in, since your account must have a second factor. Sign in to set one up.";
const ENDED = "The set-up has ended: it took too long, or was finished elsewhere. Sign in again.";
const PASSKEY = "A passkey signs you in by your finger, face or PIN.";
const APP = "An authenticator app on your phone shows a code for each sign-in.";
const NO_CODES = "Your passkey is set up. It has no recovery codes as yet: make some on your account page, under “Security”.";
const CODES = "Your second factor is set up. These recovery codes sign you in when you don’t have it at hand.";

// Leads through it. Returns what the server says to a login, or that nobody is signed in.
// `access_token` is good for this alone.
export function setUp({ access_token }) {
  const step = openStep("setup", "Set up a second factor", true, giveUp);
  const { run, button, clear, notes } = doer();
  const text = make("p", {});
  const part = make("div", {});
  let why = hindrance();

  // Nobody is signed in: a cookie that came meanwhile is another tab's.
  function giveUp() {
    step.end(given(GIVEN_UP));
    post("/api/logout", bearer(access_token), undefined, { credentials: "omit" }).catch(console.error);
  }

  async function send(path, body) {
    const answer = await post(path, bearer(access_token), body).catch(() => {
      throw new Error(OFFLINE);
    });
    if (answer.ok) return answer.json();
    if (answer.status === 401) step.end(given(ENDED));
    throw await failure(answer);
  }

  function choose() {
    clear();
    text.textContent = `Your account must have a second factor beside the password. ${why ? "" : PASSKEY + " "}${APP}`;
    const passkey = button("add-passkey", addPasskey, "Set up a passkey");
    const app = button("add-totp", beginTotp, "Set up an app");
    for (const choice of [passkey, app]) choice.className = "button";
    part.replaceChildren(
      ...(why ? [make("p", { class: "hint" }, why)] : []),
      make("div", { class: "actions" }, ...(why ? [] : [passkey]), app, step.cancel),
    );
    part.querySelector(".button").focus();
  }

  async function addPasskey() {
    const { challenge, options } = await send("/api/me/passkeys/options").catch((error) => {
      // The server has none, whatever the browser can.
      if (!error.kind?.endsWith(":no-passkeys")) throw error;
      why = error.message;
      choose();
      throw error;
    });
    const credential = await create(options, { signal: step.signal });
    const login = await send("/api/me/passkeys", { challenge, name: "My passkey", credential });
    if (await isTooLate(login)) return;
    const answer = await post("/api/me/recovery-codes", bearer(login.access_token)).catch(() => null);
    const { recovery_codes } = answer?.ok ? await answer.json() : {};
    show(recovery_codes);
  }

  async function beginTotp() {
    const secret = await send("/api/me/totp");
    const confirm = async (code) => {
      const login = await send("/api/me/totp/confirm", { code });
      if (!(await isTooLate(login))) show(login.recovery_codes);
    };
    const { parts, code } = appParts(secret, run, confirm);
    text.textContent = "";
    const back = make("button", { class: "button secondary", type: "button", "data-do": "back", click: choose }, "Back");
    part.replaceChildren(...parts, make("div", { class: "actions" }, back, step.cancel));
    code.focus();
  }

  // Who gave up meanwhile was told that nobody is signed in. From here on, giving up comes too late.
  async function isTooLate(login) {
    if (!step.dialog.isConnected) {
      await post("/api/logout", bearer(login.access_token)).catch(console.error);
      return true;
    }
    const at = performance.now();
    step.stay();
    step.giveUp = () => step.end(signedIn(login, (performance.now() - at) / 1000));
    return false;
  }

  // `codes` may be missing.
  function show(codes) {
    if (!step.dialog.isConnected) return;
    const goOn = () => step.giveUp();
    const only = make("button", { class: "button", type: "button", "data-do": "go-on", click: goOn }, "Go on");
    text.textContent = codes ? CODES : NO_CODES;
    text.className = codes ? "" : "warning";
    part.replaceChildren(...(codes ? codeParts(codes, goOn) : [make("div", { class: "actions" }, only)]));
    step.heading.textContent = codes ? "Your recovery codes" : "Your passkey is set up";
    step.heading.tabIndex = -1;
    step.heading.focus();
  }

  step.dialog.append(text, ...notes, part);
  choose();
  return step.answer;
}

const bearer = (token) => ({ authorization: "Bearer " + token });

// The answer of a login that came so many seconds ago.
function signedIn({ access_token, token_type, expires_in, user }, seconds) {
  const left = Math.max(1, Math.floor(expires_in - seconds));
  const login = { access_token, token_type, expires_in: left, user };
  return new Response(JSON.stringify(login), { headers: { "content-type": "application/json" } });
}
