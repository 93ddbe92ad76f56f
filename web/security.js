// The security section of the account page: passkeys, one-time codes, and the recovery codes that
// come with them. It is loaded with the account page.

import { appParts, codeParts } from "./enrol.js";
import { create, hindrance } from "./passkey.js";
import { ask, card, doer, field, hidden, line, make, named, time } from "./tools.js";

const view = document.querySelector("[data-view=account]");

// These rules are for this section alone. The content security policy admits them, since a script
// of ours makes them.
const style = new CSSStyleSheet();
style.replaceSync(`
  [aria-labelledby=security-title] :is(h3, .actions) { margin-block: 1.25rem 0.5rem }
`);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];

// Passkeys

const keys = doer();
const keyText = make("p", {}, "A passkey signs you in by your finger, face or PIN, and no false site can ask for it.");
const keyHeading = make("h3", { tabindex: -1 }, "Passkeys");
const keyList = make("ul", { class: "rows", "data-list": "passkeys" });
const keyName = make("input", { name: "name", type: "text", autocomplete: "off", maxlength: 64, value: "My passkey" });
const keyForm = line("add-passkey", { run: keys.run, label: "Add a passkey", submit: addPasskey }, field("What to call it", keyName));
const whyNone = hindrance();

function showPasskeys({ passkeys }) {
  keyList.replaceChildren(...passkeys.map(passkeyRow));
}

function passkeyRow({ id, name, created_at, last_used_at }) {
  const { run, button, notes } = doer();
  const path = "/api/me/passkeys/" + id;
  // The row with the focus goes.
  const done = async () => {
    await load();
    keyHeading.focus();
  };
  const remove = async () => {
    await ask("DELETE", path);
    await done();
  };
  const input = make("input", { name: "name", type: "text", autocomplete: "off", maxlength: 64, value: name });
  const rename = async () => {
    await ask("PATCH", path, { name: input.value });
    await done();
  };
  return make(
    "li",
    { class: "row", "data-passkey": id },
    make("div", { class: "row-head" }, make("strong", {}, named(name))),
    make("p", { class: "hint" }, "Added ", time(created_at), ...(last_used_at ? [", last used ", time(last_used_at)] : [", never used"])),
    ...notes,
    line("rename-passkey", { run, label: "Rename", submit: rename }, field(["New name", hidden(" of ", named(name))], input)),
    button("remove-passkey", remove, "Remove", hidden(" ", named(name))),
  );
}

async function addPasskey() {
  const { challenge, options } = await ask("POST", "/api/me/passkeys/options");
  const credential = await create(options);
  await ask("POST", "/api/me/passkeys", { challenge, name: keyName.value, credential });
  const { recovery_codes: left } = await load();
  const done = "Your passkey is there. From now on, signing in takes more than your password.";
  if (left) return done;
  return renewCodes().then(
    () => done,
    () => done + " But it has no recovery codes as yet: make some below.",
  );
}

// One-time codes

const app = doer();
const appHeading = make("h3", { tabindex: -1 }, "Authenticator app");
const appText = make("p", {});
const appPart = make("div", {});
const appActions = make("div", { class: "actions", "data-of": "app" });

function showApp({ totp }) {
  appActions.hidden = false;
  appText.replaceChildren(
    ...(totp
      ? ["An authenticator app makes codes for your sign-in, set up ", time(totp.created_at), "."]
      : ["With an authenticator app on your phone, nobody signs in with your password alone."]),
  );
  appActions.replaceChildren(
    totp ? app.button("remove-totp", removeTotp, "Remove the app") : app.button("add-totp", beginTotp, "Set up an app"),
  );
  if (totp) appActions.append(app.button("replace-totp", beginTotp, "Set up another app"));
}

async function beginTotp() {
  const secret = await ask("POST", "/api/me/totp");
  const confirm = async (code) => {
    const { recovery_codes } = await ask("POST", "/api/me/totp/confirm", { code });
    appPart.replaceChildren();
    await load();
    showCodes(recovery_codes);
    return "Your app is set up. From now on, signing in takes a code of it.";
  };
  const { parts, code } = appParts(secret, app.run, confirm);
  appActions.hidden = true;
  const cancel = () => {
    appPart.replaceChildren();
    appActions.hidden = false;
    appHeading.focus();
  };
  appPart.replaceChildren(...parts, make("div", { class: "actions" }, app.button("cancel-totp", cancel, "Cancel")));
  code.focus();
}

async function removeTotp() {
  await ask("DELETE", "/api/me/totp");
  appPart.replaceChildren();
  await load();
  appHeading.focus();
  return "The app is removed.";
}

// Recovery codes

const recovery = doer();
const recoveryPart = make("div", {});
const recoveryHeading = make("h3", { tabindex: -1 }, "Recovery codes");
const recoveryText = make("p", {});
const newCodes = recovery.button("new-codes", renewCodes, "Make new recovery codes");
const codesPart = make("div", {});

function showRecovery({ totp, passkeys, recovery_codes: left }) {
  recoveryPart.hidden = !totp && !passkeys.length;
  const number = left === 1 ? "One recovery code is" : `${left || "No"} recovery codes are`;
  recoveryText.textContent = `${number} left. They sign you in when you have nothing else at hand.`;
  recoveryText.className = left > 3 ? "" : "warning";
}

async function renewCodes() {
  const { recovery_codes } = await ask("POST", "/api/me/recovery-codes");
  await load();
  showCodes(recovery_codes);
  return "The old recovery codes are void.";
}

function showCodes(codes) {
  const heading = make("h3", { tabindex: -1 }, "Your new recovery codes");
  codesPart.replaceChildren(heading, ...codeParts(codes, hideCodes));
  heading.focus();
}

function forgetCodes() {
  codesPart.replaceChildren();
}

function hideCodes() {
  forgetCodes();
  recoveryHeading.focus();
}

// All of it

recoveryPart.append(recoveryHeading, recoveryText, make("div", { class: "actions" }, newCodes), ...recovery.notes);
const loading = doer();
const parts = make("div", { hidden: "" });
parts.append(keyHeading, keyText, keyList, ...keys.notes, whyNone ? make("p", { class: "hint" }, whyNone) : keyForm);
parts.append(appHeading, appText, ...app.notes, appPart, appActions, recoveryPart, codesPart);
const section = card("security", "Security", ...loading.notes, parts);

let loads = 0;

async function load() {
  const mine = ++loads;
  const factors = await ask("GET", "/api/me/factors");
  // Somebody else may see the page by now.
  if (mine !== loads) return factors;
  if (!factors.recovery_codes) forgetCodes();
  showPasskeys(factors);
  showApp(factors);
  showRecovery(factors);
  parts.hidden = false;
  return factors;
}

// What was shown to one person does not stay in the page for the next.
function seen() {
  loads++;
  parts.hidden = true;
  appPart.replaceChildren();
  forgetCodes();
  for (const { clear } of [loading, keys, app, recovery]) clear();
  keyName.value = "My passkey";
  if (!view.hidden) load().catch((error) => loading.run(() => Promise.reject(error)));
}

view.querySelector("[aria-labelledby=sessions-title]").after(section);
new MutationObserver(seen).observe(view, { attributeFilter: ["hidden"] });
new MutationObserver(seen).observe(document.getElementById("nav-user"), { childList: true });
seen();
