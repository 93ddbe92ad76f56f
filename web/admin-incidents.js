// What admins restrict, revoke and end, for everybody at once.

import { ask, base, card, choice, doer, field, hidden, line, make, time, TOKEN } from "./tools.js";

export function registration() {
  const { button, notes, run } = doer();
  const state = make("p", { "data-state": "" });
  const actions = make("p", { class: "actions" });
  const draw = (is) => {
    const [next, label] = is === "open" ? ["closed", "Close registration"] : ["open", "Open registration"];
    const set = async () => {
      await ask("POST", "/api/admin/registration", { registration: next });
      draw(next);
      return "Registration is " + next + " from now on.";
    };
    state.dataset.state = is;
    state.textContent = is === "open" ? "Everyone may register." : "Nobody may register.";
    actions.replaceChildren(button("registration", set, label));
  };
  const load = async () => draw((await ask("GET", "/api/config")).registration);
  const element = card("registration", "Registration", state, ...notes, actions);
  return { element, load: () => run(load) };
}

// For how long a network is blocked.
const SPANS = [
  [3600, "1 hour"],
  [86400, "1 day"],
  [7 * 86400, "7 days"],
  [30 * 86400, "30 days"],
];
const HAZARDOUS = "urn:hallpass:problem:hazardous-block";

export function blocks() {
  const { button, notes, run } = doer();
  const list = make("ul", { class: "rows", "data-list": "blocks" });
  const actions = make("p", { class: "actions" });
  const network = make("input", { name: "network", autocomplete: "off", placeholder: "192.0.2.0/24" });
  const span = choice("seconds", SPANS);
  const reason = make("input", { name: "reason", autocomplete: "off", maxlength: 200 });
  const draw = async () => {
    const { blocks } = await ask("GET", "/api/admin/blocks");
    list.replaceChildren(...blocks.map(blocked));
  };
  const block = async (force) => {
    actions.replaceChildren();
    const body = { network: network.value.trim(), seconds: Number(span.value), reason: reason.value, force };
    const made = await ask("POST", "/api/admin/blocks", body).catch((error) => {
      if (error.kind === HAZARDOUS) {
        actions.replaceChildren(button("block-really", () => block(true), "Block it all the same"));
      }
      throw error;
    });
    network.value = reason.value = "";
    await draw();
    return made.block.network + " is blocked.";
  };
  const form = line(
    "block",
    { run, label: "Block", submit: () => block(false) },
    field("Network or address", network),
    field("For", span),
    field("Reason", reason),
  );
  return { element: card("blocks", "Blocked networks", list, form, ...notes, actions), load: () => run(draw) };
}

function blocked({ id, network, until, reason }) {
  const { button, notes } = doer();
  const end = async () => {
    await ask("DELETE", "/api/admin/blocks/" + id);
    row.replaceChildren(make("p", { class: "notice", role: "status", tabindex: -1 }, network + " is not blocked any more."));
    row.firstChild.focus();
  };
  const row = make(
    "li",
    { class: "row", "data-block": id },
    make("div", { class: "row-head" }, make("strong", {}, network)),
    make("p", { class: "hint" }, "Until ", time(until), reason && ". ", make("bdi", {}, reason)),
    ...notes,
    button("unblock", end, "End the block", hidden(" of " + network)),
  );
  return row;
}

export function keys() {
  const { notes, run } = doer();
  const list = make("ul", { class: "rows", "data-list": "keys" });
  const draw = async () => {
    const { keys } = await ask("GET", "/.well-known/jwks.json");
    const signs = keys.length && (await ownKey());
    list.replaceChildren(...keys.map((key) => signing(key, key.kid === signs, draw)));
    return keys.length ? "" : "Tokens are signed with a secret (HS256), which only the command line replaces.";
  };
  const hint = make("p", { class: "hint" }, "Browsers fetch other tokens. Nobody is signed out.");
  return { element: card("keys", "Signing keys", hint, list, ...notes), load: () => run(draw) };
}

// The key that signed the newest token: this page's own.
async function ownKey() {
  await ask("GET", "/api/me");
  const [header] = localStorage.getItem(TOKEN).split(".");
  return JSON.parse(atob(header.replaceAll("-", "+").replaceAll("_", "/"))).kid;
}

function signing({ kid, alg }, signs, draw) {
  const { button, notes } = doer();
  const actions = make("p", { class: "row-actions" });
  const rest = () => actions.replaceChildren(button("revoke", sure, "Revoke", hidden(" " + kid)));
  const sure = async () => {
    actions.replaceChildren(button("revoke-really", revoke, "Yes, revoke it"), button("revoke-none", rest, "Cancel"));
    actions.firstChild.focus();
    return "No token that it signed is accepted any more.";
  };
  const revoke = async () => {
    await ask("DELETE", "/api/admin/keys/" + kid);
    await draw();
  };
  rest();
  const tags = signs ? [alg, "signs"] : [alg];
  return make(
    "li",
    { class: "row", "data-key": kid, ...(signs && { "data-signs": "" }) },
    make("div", { class: "row-head" }, make("code", {}, kid), ...tags.map((tag) => make("span", { class: "tag" }, tag))),
    ...notes,
    actions,
  );
}

export function everybody() {
  const { button, notes } = doer();
  const actions = make("p", { class: "actions" });
  const rest = () => actions.replaceChildren(button("end-all", sure, "Sign everybody out"));
  const sure = async () => {
    actions.replaceChildren(button("end-all-really", end, "Yes, everybody, me too"), button("end-none", rest, "Cancel"));
    actions.firstChild.focus();
    return "All sessions of all users end, and all reset links. Passwords stay.";
  };
  const end = async () => {
    await ask("DELETE", "/api/admin/sessions");
    rest();
    // Now the application notices.
    await hallpass.fetch(base + "/api/me").catch(() => null);
  };
  rest();
  return { element: card("everybody", "Everybody’s sessions", ...notes, actions) };
}
