// The second step of a sign-in. The application loads this when a password was right and the account
// has a second factor, and waits for what the server says to that.

import { hindrance, question, sign } from "./passkey.js";
import { failure, make, OFFLINE } from "./tools.js";

const PASSKEY = "Use one of your passkeys.";
const APP = "Enter the six digits that your authenticator app shows.";
const RECOVERY = "Enter one of the recovery codes that you kept. Each works once.";
const NONE = "Your second factor is a passkey, which this browser can’t show here. Sign in where it can.";
const GIVEN_UP = "Nobody was signed in, since the second step is missing.";
const NOT_PROVEN = "Nothing was done, since the second step is missing.";
const FEW = 3;
const TOKEN = "hallpass.access_token";

// Asks for a code until one is right or the person gives up. Returns the server's last answer.
// `init` is how the password was sent.
export function secondStep({ challenge, methods, options }, init) {
  return new Promise((resolve) => {
    const ways = challenge ? answering(challenge, options) : provingAgain(init);
    ways.isLogin = Boolean(challenge);
    const dialog = open(methods, ways, resolve);
    document.body.append(dialog);
    dialog.showModal();
  });
}

// A login: the challenge stands for the password.
const answering = (challenge, options) => ({
  send: (factor) => post("/api/login/second-factor", {}, { challenge, ...factor }),
  passkey: async () => ({ passkey: await sign(options) }),
});

// Who is signed in sends the password and a code at once, or a passkey alone.
const provingAgain = (init) => ({
  send: (factor) => post("/api/me/reauthenticate", init.headers, factor.passkey ? factor : { ...JSON.parse(init.body), ...factor }),
  passkey: async () => {
    const { challenge, options } = await question(document.getElementById("nav-user").textContent);
    return { challenge, passkey: await sign(options) };
  },
});

function post(path, headers, body) {
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  const signal = AbortSignal.timeout(30_000);
  return fetch(path, { method: "POST", headers: all, body: JSON.stringify(body), redirect: "error", signal });
}

function open(methods, ways, resolve) {
  const can = (method) => methods.includes(method) && !(method === "passkey" && hindrance());
  let field = can("totp") ? "totp" : can("recovery_code") ? "recovery_code" : undefined;
  let busy = false;
  const text = make("p", {});
  const label = make("label", { for: "factor-code" });
  const input = make("input", {
    id: "factor-code",
    name: "code",
    type: "text",
    autocapitalize: "none",
    autocorrect: "off",
    spellcheck: "false",
    "aria-describedby": "factor-error",
    input: () => field === "totp" && digits().length === 6 && submit(),
  });
  const alert = make("p", { class: "alert", role: "alert", id: "factor-error" });
  const button = make("button", { class: "button", type: "submit" }, "Go on");
  const passkey = make("button", { class: "button", type: "button", "data-do": "passkey", click: usePasskey }, "Use a passkey");
  const other = make("button", { class: "quiet", type: "button", "data-do": "other-factor", click: change });
  const cancel = make("button", { class: "button secondary", type: "button", click: () => giveUp() }, "Cancel");
  const form = make(
    "form",
    { id: "factor-form", novalidate: "", submit: (event) => (event.preventDefault(), submit()) },
    ...(field ? [make("div", { class: "field" }, label, input)] : []),
    alert,
    make(
      "div",
      { class: "actions" },
      ...(can("passkey") ? [passkey] : []),
      ...(field ? [button] : []),
      cancel,
      ...(can("totp") && can("recovery_code") ? [other] : []),
    ),
  );
  const title = make("h2", { id: "factor-title" }, "Second step");
  const dialog = make("dialog", { id: "factor", class: "card", "aria-labelledby": "factor-title" }, title, text, form);

  const digits = () => input.value.replaceAll(" ", "");

  function describe() {
    const app = field === "totp";
    const code = app ? APP : field ? RECOVERY : "";
    text.textContent = [can("passkey") ? PASSKEY : "", code].filter(Boolean).join(" Or: ") || NONE;
    label.textContent = app ? "Code" : "Recovery code";
    other.textContent = app ? "Use a recovery code instead" : "Use the app’s code instead";
    input.setAttribute("autocomplete", app ? "one-time-code" : "off");
    input.setAttribute("inputmode", app ? "numeric" : "text");
    input.value = alert.textContent = "";
  }

  function change() {
    field = field === "totp" ? "recovery_code" : "totp";
    describe();
    input.focus();
  }

  function say(message) {
    alert.textContent = message;
    input.setAttribute("aria-invalid", "true");
    input.value = "";
    (field ? input : passkey).focus();
  }

  function submit() {
    if (!digits()) return say("Enter a code.");
    return answerWith({ [field]: input.value.trim() });
  }

  async function usePasskey() {
    if (busy) return;
    passkey.disabled = true;
    const signed = await ways.passkey().catch((error) => say(error.message));
    passkey.disabled = false;
    if (document.activeElement === document.body) passkey.focus();
    if (signed && dialog.isConnected) return answerWith(signed);
  }

  async function answerWith(factor) {
    if (busy) return;
    busy = true;
    button.disabled = true;
    alert.textContent = "";
    input.removeAttribute("aria-invalid");
    const answer = await ways.send(factor).then(whole).catch(() => null);
    busy = button.disabled = false;
    if (!dialog.isConnected) {
      // Who gave up meanwhile was told that nobody is signed in.
      if (answer?.ok && ways.isLogin) fetch("/api/logout", { method: "POST" }).catch(console.error);
      return;
    }
    if (!answer) return say(OFFLINE);
    if (answer.ok) {
      // From here on, giving up comes too late.
      give = () => end(answer);
      busy = true;
      const few = factor.recovery_code && (await fewLeft(answer.clone()).catch(() => ""));
      if (!dialog.isConnected) return;
      return few ? warn(few, answer) : end(answer);
    }
    const { kind, message } = await failure(answer.clone());
    // Trying again would be in vain.
    if (kind?.endsWith(":challenge-over")) return end(answer);
    say(message);
  }

  // Who is about to run out of recovery codes learns it before they go on.
  function warn(few, answer) {
    const goOn = make("button", { class: "button", type: "button", click: () => end(answer) }, "Go on");
    const message = make("p", { class: "warning", id: "factor-few" }, few);
    form.replaceWith(message, make("div", { class: "actions" }, goOn));
    text.remove();
    dialog.setAttribute("aria-describedby", "factor-few");
    goOn.focus();
  }

  function end(answer) {
    removeEventListener("popstate", giveUp);
    removeEventListener("storage", elsewhere);
    dialog.remove();
    resolve(answer);
  }

  let give = () => end(given(ways.isLogin ? GIVEN_UP : NOT_PROVEN));

  // The back button leaves the page.
  function giveUp() {
    give();
  }

  // Another tab may have signed in, or out.
  function elsewhere({ key, newValue }) {
    if ((key ?? TOKEN) === TOKEN && ways.isLogin === Boolean(newValue)) give();
  }

  dialog.addEventListener("cancel", (event) => (event.preventDefault(), giveUp()));
  addEventListener("popstate", giveUp);
  addEventListener("storage", elsewhere);
  describe();
  return dialog;
}

// An answer that has arrived to its end: nothing of it can be late any more.
async function whole(answer) {
  return new Response(await answer.text(), { status: answer.status, headers: answer.headers });
}

// What to say to whoever has few recovery codes left; nothing if there are enough.
async function fewLeft(answer) {
  const { access_token } = await answer.json();
  const headers = { authorization: "Bearer " + access_token };
  const init = { headers, cache: "no-store", signal: AbortSignal.timeout(5_000) };
  const factors = await fetch("/api/me/factors", init);
  if (!factors.ok) return "";
  const { recovery_codes } = await factors.json();
  if (recovery_codes > FEW) return "";
  const left = recovery_codes === 1 ? "one recovery code" : `${recovery_codes || "no"} recovery codes`;
  return `You have ${left} left. Make new ones on your account page, under “Security”.`;
}

// An answer as the server would give it.
function given(detail) {
  const type = "urn:hallpass:problem:second-factor-required";
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify({ type, title: "Second factor required", detail }), { status: 401, headers });
}
