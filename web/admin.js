// What admins do on a bad day: find users, see and end their sessions, unlock accounts, close the
// registration, sign everybody out. It is loaded with the admin page, so that nobody else has to.
// Its requests go through `hallpass.fetch`, which adds the token and renews it.

const OFFLINE = "The server can’t be reached. Check your connection, then try again.";
const view = document.querySelector("[data-view=admin]");
const users = view.querySelector("[data-list=users]");

// Makes an element with these attributes. A function is a listener of that name.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// What a button is called by whoever does not see where it stands.
const hidden = (text) => make("span", { class: "visually-hidden" }, text);

const time = (at) => make("time", { datetime: at }, new Date(at).toLocaleString());

const card = (name, title, ...children) =>
  make("section", { class: "card", "aria-labelledby": name + "-title" }, make("h2", { id: name + "-title" }, title), ...children);

// Does one thing at a time, and says beside it what came of it.
function doer() {
  const alert = make("p", { class: "alert", role: "alert" });
  const notice = make("p", { class: "notice", role: "status" });
  let busy = false;
  const run = async (act) => {
    if (busy) return;
    busy = true;
    alert.textContent = notice.textContent = "";
    try {
      notice.textContent = (await act()) ?? "";
    } catch (error) {
      alert.textContent = error.message;
    }
    busy = false;
  };
  const button = (name, act, ...label) =>
    make("button", { class: "quiet", type: "button", "data-do": name, click: () => run(act) }, ...label);
  return { run, button, notes: [alert, notice] };
}

// A request. If it takes a recent login, the person is asked for the password, and it goes on.
async function ask(method, path, body, asked) {
  const init = { method, headers: body ? { "content-type": "application/json" } : {}, body: body && JSON.stringify(body) };
  const answer = await hallpass.fetch(path, init).catch(() => null);
  if (!answer) throw new Error(OFFLINE);
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const challenge = answer.headers.get("www-authenticate") ?? "";
  if (challenge.includes("insufficient_user_authentication")) {
    if (asked) throw new Error("Nothing was done. It takes your password.");
    await prove();
    return ask(method, path, body, true);
  }
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail ?? "That did not work. Try again later.");
}

// The application asks for the password, or the person gives up.
function prove() {
  return new Promise((resolve) => {
    document.getElementById("fresh").addEventListener("close", resolve, { once: true });
    const button = make("button", { "data-action": "prove", hidden: "" });
    view.append(button);
    button.click();
    button.remove();
  });
}

// Finding users

const search = make("input", { name: "search", type: "search", autocomplete: "off", maxlength: 64 });

function find(event) {
  event.preventDefault();
  const text = search.value.trim();
  // The application follows links; so the way back leads here.
  const link = make("a", { href: text ? "/admin?search=" + encodeURIComponent(text) : "/admin", hidden: "" });
  view.append(link);
  link.click();
  link.remove();
}

const finding = make(
  "form",
  { class: "inline", role: "search", submit: find, "data-form": "search" },
  make("label", {}, make("span", {}, "A part of the name"), search),
  make("button", { class: "quiet", type: "submit" }, "Find users"),
);

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
    return sessions.length ? "" : name + " is signed in nowhere.";
  };
  const unlock = async () => {
    await ask("POST", path + "/unlock");
    return "Failed sign-ins of " + name + " are forgotten.";
  };
  actions.append(
    button("sessions", show, "Sessions", hidden(" of " + name)),
    button("unlock", unlock, "Unlock", hidden(" " + name)),
  );
  actions.after(...notes, list);
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
    make("div", { class: "row-head" }, make("bdi", { translate: "no" }, agent)),
    make("p", { class: "hint" }, "Signed in ", time(created_at), ", last used ", time(last_used_at)),
    ...notes,
    current ? make("span", { class: "tag" }, "this session") : button("end-session", end, "Sign out", hidden(" " + agent)),
  );
  return row;
}

// Everybody

function registration() {
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

function everybody() {
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
    await hallpass.fetch("/api/me").catch(() => null);
  };
  rest();
  return card("everybody", "Everybody’s sessions", ...notes, actions);
}

const { element, load } = registration();

function listed() {
  showSearch();
  for (const row of users.children) equip(row);
}

function seen() {
  if (view.hidden) return;
  load();
  listed();
}

view.querySelector("h1").after(finding);
view.append(element, everybody());
new MutationObserver(listed).observe(users, { childList: true });
new MutationObserver(seen).observe(view, { attributeFilter: ["hidden"] });
seen();
