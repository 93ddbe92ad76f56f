// What admins do on a bad day: find users, see and end their sessions, unlock accounts, read what
// happened, block networks, revoke keys, close the registration, sign everybody out. It is loaded
// with the admin page, so that nobody else has to.

import { blocks, everybody, keys, registration } from "./admin-incidents.js";
import { log, recordsOf } from "./admin-log.js";
import { ask, base, doer, field, hidden, line, make, named, time } from "./tools.js";

const view = document.querySelector("[data-view=admin]");
const users = view.querySelector("[data-list=users]");

// Finding users

const search = make("input", { name: "search", type: "search", autocomplete: "off", maxlength: 64 });

function find() {
  const text = search.value.trim();
  // The application follows links; so the way back leads here.
  const link = make("a", { href: base + "/admin" + (text && "?search=" + encodeURIComponent(text)), hidden: "" });
  view.append(link);
  link.click();
  link.remove();
}

const finding = line("search", { run: doer().run, label: "Find users", submit: find }, field("A part of the name", search));
finding.setAttribute("role", "search");

let searched;

// What is typed stays until another page of users is there.
function showSearch() {
  if (location.search === searched) return;
  searched = location.search;
  search.value = new URLSearchParams(searched).get("search") ?? "";
}

// Each user's row

function equip(row) {
  const actions = row.querySelector(".row-actions");
  if (!actions || row.querySelector("[data-do]")) return;
  const name = row.querySelector("[data-cell=name]").textContent;
  const path = "/api/admin/users/" + row.dataset.id;
  const { button, notes } = doer();
  const list = make("ul", { class: "rows", "data-list": "user-sessions" });
  const show = async () => {
    const { sessions } = await ask("GET", path + "/sessions");
    list.replaceChildren(...sessions.map((of) => session(of, path)));
    return sessions.length ? "" : "Signed in nowhere.";
  };
  const unlock = async () => {
    await ask("POST", path + "/unlock");
    return "Failed sign-ins are forgotten.";
  };
  const records = recordsOf(row.dataset.id);
  actions.append(
    button("sessions", show, "Sessions", hidden(" of ", named(name))),
    button("unlock", unlock, "Unlock", hidden(" ", named(name))),
    button("records", records.show, "Audit log", hidden(" of ", named(name))),
  );
  actions.after(...notes, list, records.element);
}

function session({ id, user_agent, created_at, last_used_at, current }, path) {
  const { button, notes } = doer();
  const agent = user_agent || "An unnamed program";
  const end = async () => {
    await ask("DELETE", path + "/sessions/" + id);
    row.replaceChildren(make("p", { class: "notice", role: "status", tabindex: -1 }, "Signed out."));
    row.firstChild.focus();
  };
  const row = make(
    "li",
    { class: "row", "data-session": id },
    make("div", { class: "row-head" }, named(agent)),
    make("p", { class: "hint" }, "Signed in ", time(created_at), ", last used ", time(last_used_at)),
    ...notes,
    current ? make("span", { class: "tag" }, "this session") : button("end-session", end, "Sign out", hidden(" ", named(agent))),
  );
  return row;
}

// All of it

const cards = [registration(), blocks(), keys(), log(), everybody()];

function listed() {
  showSearch();
  for (const row of users.children) equip(row);
}

// What only admins may see does not stay in the page for the next person.
function forget() {
  for (const list of view.querySelectorAll("[data-list=user-sessions], [data-list=records], [data-list=blocks], [data-list=keys]")) {
    list.replaceChildren();
  }
}

function seen() {
  if (view.hidden) return forget();
  for (const { load } of cards) load?.();
  listed();
}

view.querySelector("h1").after(finding);
view.append(...cards.map(({ element }) => element));
new MutationObserver(listed).observe(users, { childList: true });
new MutationObserver(seen).observe(view, { attributeFilter: ["hidden"] });
seen();
