// The second step of a sign-in. The application loads this when a password was right and the account
// has a second factor or must have one, and waits for what the server says to that.

import { hindrance, question, sign } from "./passkey.js";
import { given, openStep, post } from "./step.js";
import { base, failure, make, OFFLINE } from "./tools.js";

const PASSKEY = "Use one of your passkeys.";
const APP = "Enter the six digits that your authenticator app shows.";
const RECOVERY = "Enter one of the recovery codes that you kept. Each works once.";
const NONE = "Your second factor is a passkey, which this browser can’t show here. Sign in where it can.";
const GIVEN_UP = "Nobody was signed in, since the second step is missing.";
const NOT_PROVEN = "Nothing was done, since the second step is missing.";
const FEW = 3;

// Asks for a code until one is right or the person gives up. Whoever has no second factor and must
// have one sets it up. Returns the server's last answer. `init` is how the password was sent.
export async function secondStep(said, init) {
  if (said.setup_required) return (await import("./setup.js")).setUp(said);
  const { challenge, methods, options } = said;
  const ways = challenge ? answering(challenge, options) : provingAgain(init);
  return new SecondStep(methods, ways, Boolean(challenge)).answer;
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

// What the dialog shows, and what becomes of an answer.
class SecondStep {
  constructor(methods, ways, isLogin) {
    const can = (method) => methods.includes(method) && !(method === "passkey" && hindrance());
    this.ways = ways;
    this.isLogin = isLogin;
    this.field = can("totp") ? "totp" : can("recovery_code") ? "recovery_code" : undefined;
    this.canPasskey = can("passkey");
    const giveUp = () => this.step.end(given(isLogin ? GIVEN_UP : NOT_PROVEN));
    this.step = openStep("factor", "Second step", isLogin, giveUp);
    this.answer = this.step.answer;
    this.build(can("totp") && can("recovery_code"));
    this.describe();
    (this.field ? this.input : this.canPasskey ? this.passkey : this.step.cancel).focus();
  }

  build(canChange) {
    this.text = make("p", {});
    this.label = make("label", { for: "factor-code" });
    this.input = make("input", {
      id: "factor-code",
      name: "code",
      type: "text",
      autocapitalize: "none",
      autocorrect: "off",
      spellcheck: "false",
      "aria-describedby": "factor-error",
      input: () => this.field === "totp" && this.digits().length === 6 && this.submit(),
    });
    this.alert = make("p", { class: "alert", role: "alert", id: "factor-error" });
    this.button = make("button", { class: "button", type: "submit" }, "Go on");
    const passkey = { class: "button", type: "button", "data-do": "passkey", click: () => this.usePasskey() };
    this.passkey = make("button", passkey, "Use a passkey");
    const other = { class: "quiet", type: "button", "data-do": "other-factor", click: () => this.change() };
    this.other = make("button", other);
    const submit = (event) => (event.preventDefault(), this.submit());
    this.form = make(
      "form",
      { id: "factor-form", novalidate: "", submit },
      ...(this.field ? [make("div", { class: "field" }, this.label, this.input)] : []),
      this.alert,
      make(
        "div",
        { class: "actions" },
        ...(this.canPasskey ? [this.passkey] : []),
        ...(this.field ? [this.button] : []),
        this.step.cancel,
        ...(canChange ? [this.other] : []),
      ),
    );
    this.step.dialog.append(this.text, this.form);
  }

  digits() {
    return this.input.value.replaceAll(" ", "");
  }

  describe() {
    const app = this.field === "totp";
    const code = app ? APP : this.field ? RECOVERY : "";
    this.text.textContent = [this.canPasskey ? PASSKEY : "", code].filter(Boolean).join(" Or: ") || NONE;
    this.label.textContent = app ? "Code" : "Recovery code";
    this.other.textContent = app ? "Use a recovery code instead" : "Use the app’s code instead";
    this.input.setAttribute("autocomplete", app ? "one-time-code" : "off");
    this.input.setAttribute("inputmode", app ? "numeric" : "text");
    this.input.value = this.alert.textContent = "";
  }

  change() {
    this.field = this.field === "totp" ? "recovery_code" : "totp";
    this.describe();
    this.input.focus();
  }

  say(message) {
    this.alert.textContent = message;
    this.input.setAttribute("aria-invalid", "true");
    this.input.value = "";
    (this.field ? this.input : this.passkey).focus();
  }

  submit() {
    if (!this.digits()) return this.say("Enter a code.");
    return this.answerWith({ [this.field]: this.input.value.trim() });
  }

  async usePasskey() {
    if (this.busy) return;
    this.passkey.disabled = true;
    const signed = await this.ways.passkey().catch((error) => this.say(error.message));
    this.passkey.disabled = false;
    if (document.activeElement === document.body) this.passkey.focus();
    if (signed && this.step.dialog.isConnected) return this.answerWith(signed);
  }

  async answerWith(factor) {
    if (this.busy) return;
    this.busy = this.button.disabled = true;
    this.alert.textContent = "";
    this.input.removeAttribute("aria-invalid");
    const answer = await this.ways.send(factor).catch(() => null);
    this.busy = this.button.disabled = false;
    if (!this.step.dialog.isConnected) {
      // Who gave up meanwhile was told that nobody is signed in.
      if (answer?.ok && this.isLogin) fetch(base + "/api/logout", { method: "POST" }).catch(console.error);
      return;
    }
    if (!answer) return this.say(OFFLINE);
    if (answer.ok) return this.succeed(factor, answer);
    const { kind, message } = await failure(answer.clone());
    // Trying again would be in vain.
    if (kind?.endsWith(":challenge-over")) return this.step.end(answer);
    this.say(message);
  }

  // Giving up comes too late. Who is about to run out of recovery codes learns it before they go on.
  async succeed(factor, answer) {
    const goOn = () => this.step.end(answer);
    this.step.giveUp = goOn;
    this.busy = true;
    const few = factor.recovery_code && (await fewLeft(answer.clone()).catch(() => ""));
    if (!this.step.dialog.isConnected) return;
    if (!few) return goOn();
    const button = make("button", { class: "button", type: "button", click: goOn }, "Go on");
    const message = make("p", { class: "warning", id: "factor-few" }, few);
    this.form.replaceWith(message, make("div", { class: "actions" }, button));
    this.text.remove();
    this.step.dialog.setAttribute("aria-describedby", "factor-few");
    button.focus();
  }
}

// What to say to whoever has few recovery codes left; nothing if there are enough.
async function fewLeft(answer) {
  const { access_token } = await answer.json();
  const headers = { authorization: "Bearer " + access_token };
  const init = { headers, cache: "no-store", signal: AbortSignal.timeout(5_000) };
  const factors = await fetch(base + "/api/me/factors", init);
  if (!factors.ok) return "";
  const { recovery_codes } = await factors.json();
  if (recovery_codes > FEW) return "";
  const left = recovery_codes === 1 ? "one recovery code" : `${recovery_codes || "no"} recovery codes`;
  return `You have ${left} left. Make new ones on your account page, under “Security”.`;
}
