// What the scripts that are loaded later have in common: elements, buttons that say what came of
// them, and requests. Requests go through `hallpass.fetch`, which adds the token and renews it.

// The path below which the server is, such as `/auth`. Empty if the whole host is the server's.
export const { base = "" } = document.documentElement.dataset;

// Where the application keeps the access token.
export const TOKEN = "hallpass.access_token" + base;

export const OFFLINE = "The server can’t be reached. Check your connection, then try again.";

// Makes an element with these attributes. A function is a listener of that name.
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// What a button is called by whoever does not see where it stands.
export const hidden = (...parts) => make("span", { class: "visually-hidden" }, ...parts);

// What people or their browsers are called, which nobody translates.
export const named = (name) => make("bdi", { translate: "no" }, name);

export const time = (at) => make("time", { datetime: at }, new Date(at).toLocaleString());

export const card = (name, title, ...children) =>
  make("section", { class: "card", "aria-labelledby": name + "-title" }, make("h2", { id: name + "-title" }, title), ...children);

// Does one thing at a time, and says beside it what came of it.
export function doer() {
  // It is an alert while it says something.
  const alert = make("p", { class: "alert" });
  const notice = make("p", { class: "notice", role: "status" });
  let busy = false;
  const clear = () => {
    alert.textContent = notice.textContent = "";
    alert.removeAttribute("role");
  };
  const run = async (act) => {
    if (busy) return;
    busy = true;
    clear();
    try {
      notice.textContent = (await act()) ?? "";
    } catch (error) {
      alert.setAttribute("role", "alert");
      alert.textContent = error.message;
    }
    busy = false;
  };
  const button = (name, act, ...label) =>
    make("button", { class: "quiet", type: "button", "data-do": name, click: () => run(act) }, ...label);
  return { run, button, clear, notes: [alert, notice] };
}

// A request to a path of the API. If it takes a recent login, the person is asked for the password, and it goes on.
export async function ask(method, path, body, asked) {
  const headers = body ? { "content-type": "application/json" } : {};
  const init = { method, headers, body: body && JSON.stringify(body), cache: "no-cache" };
  const answer = await hallpass.fetch(base + path, init).catch(() => null);
  if (!answer) throw new Error(OFFLINE);
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const challenge = answer.headers.get("www-authenticate") ?? "";
  if (challenge.includes("insufficient_user_authentication")) {
    if (asked) throw new Error("Nothing was done. It takes your password.");
    await prove();
    return ask(method, path, body, true);
  }
  throw await failure(answer);
}

// What an answer says went wrong.
export async function failure(answer) {
  const { type, detail, errors } = await answer.json().catch(() => ({}));
  const message = detail ?? "That did not work. Try again later.";
  return Object.assign(new Error(message), { kind: type, errors });
}

// An input with its label.
export const field = (label, input) => make("label", {}, make("span", {}, ...[label].flat()), input);

// A list to choose from: pairs of a value and its name.
export const choice = (name, options) =>
  make("select", { name }, ...options.map(([value, text]) => make("option", { value }, text)));

// A form in one line that does what its button says.
export function line(name, { run, label, submit }, ...fields) {
  const act = (event) => {
    event.preventDefault();
    run(submit);
  };
  const button = make("button", { class: "quiet", type: "submit" }, label);
  return make("form", { class: "inline", "data-form": name, submit: act }, ...fields, button);
}

// The application asks for the password, or the person gives up.
function prove() {
  return new Promise((resolve) => {
    document.getElementById("fresh").addEventListener("close", resolve, { once: true });
    const button = make("button", { "data-action": "prove", hidden: "" });
    document.body.append(button);
    button.click();
    button.remove();
  });
}
