// Setting up the second factor that an account must have, between a right password and being signed
// in. The application sees nothing of it but the last answer, which signs in.

import { appParts, codeParts } from "./enrol.js";
import { create, hindrance } from "./passkey.js";
import { given, openStep, post } from "./step.js";
import { doer, failure, make, OFFLINE } from "./tools.js";

const GIVEN_UP = "Nobody was signed in, since your account must have a second factor and has none.";
const TOO_LATE = "Setting up the second factor took too long. Sign in again.";
const PASSKEY = "A passkey signs you in by your finger, face or PIN.";
const APP = "An authenticator app on your phone shows a code for each sign-in.";

// Leads through it. Returns what the server says to a login, or that nobody is signed in.
// `access_token` is good for this alone.
export function setUp({ access_token }) {
  const step = openStep("setup", "Set up a second factor", true, giveUp);
  const { run, button, notes } = doer();
  const text = make("p", {}, "Your account must have a second factor beside the password. ");
  const part = make("div", {});

  // Nobody is signed in: a cookie that came meanwhile is another tab's.
  function giveUp() {
    step.end(given(GIVEN_UP));
    post("/api/logout", bearer(access_token), undefined, { credentials: "omit" }).catch(console.error);
  }

  async function send(path, body, token = access_token) {
    const answer = await post(path, bearer(token), body).catch(() => {
      throw new Error(OFFLINE);
    });
    if (answer.ok) return answer.json();
    if (answer.status === 401) step.end(given(TOO_LATE));
    throw await failure(answer);
  }

  function choose() {
    const why = hindrance();
    text.append(why ? APP : `${PASSKEY} ${APP}`);
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
    const { challenge, options } = await send("/api/me/passkeys/options");
    const credential = await create(options);
    const login = await send("/api/me/passkeys", { challenge, name: "My passkey", credential });
    await done(login, async () => (await send("/api/me/recovery-codes", undefined, login.access_token)).recovery_codes);
  }

  async function beginTotp() {
    const secret = await send("/api/me/totp");
    const confirm = async (code) => {
      const login = await send("/api/me/totp/confirm", { code });
      await done(login, () => login.recovery_codes);
    };
    const { parts, code } = appParts(secret, run, confirm);
    text.textContent = "";
    part.replaceChildren(...parts, make("div", { class: "actions" }, step.cancel));
    code.focus();
  }

  // From here on the person is signed in, and giving up comes too late.
  async function done(login, codesOf) {
    const at = performance.now();
    const goOn = () => step.end(signedIn(login, (performance.now() - at) / 1000));
    step.giveUp = goOn;
    const codes = await Promise.resolve(codesOf()).catch(() => null);
    if (!codes) return goOn();
    text.textContent = "Your second factor is set up. These recovery codes sign you in when you don’t have it at hand.";
    part.replaceChildren(...codeParts(codes, goOn));
    step.heading.textContent = "Your recovery codes";
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
