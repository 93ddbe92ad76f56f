// The dialog that stands between a right password and being signed in. It ends with an answer for
// the application, as the server gave it, or when the person gives up: by a button, by Escape, by
// the back button, or because another tab has signed in or out.

import { base, make, TOKEN } from "./tools.js";

// Opens it. `giveUp` is called when the person gives up. If it is a login, another tab's sign-in
// ends it; otherwise another tab's sign-out does. `stay` keeps it open whatever other tabs do.
export function openStep(name, title, isLogin, giveUp) {
  const heading = make("h2", { id: name + "-title" }, title);
  const dialog = make("dialog", { id: name, class: "card", "aria-labelledby": name + "-title" }, heading);
  const step = { dialog, heading, giveUp };
  const over = new AbortController();
  step.signal = over.signal;
  const leave = () => step.giveUp();
  const elsewhere = ({ key, newValue }) => (key ?? TOKEN) === TOKEN && isLogin === Boolean(newValue) && leave();
  step.cancel = make("button", { class: "button secondary", type: "button", click: leave }, "Cancel");
  step.answer = new Promise((resolve) => {
    step.stay = () => removeEventListener("storage", elsewhere);
    step.end = (answer) => {
      removeEventListener("popstate", leave);
      step.stay();
      over.abort();
      dialog.remove();
      resolve(answer);
    };
  });
  dialog.addEventListener("cancel", (event) => (event.preventDefault(), leave()));
  addEventListener("popstate", leave);
  addEventListener("storage", elsewhere);
  document.body.append(dialog);
  dialog.showModal();
  return step;
}

// A request of the dialog's own. Its answer has arrived to its end: nothing of it can be late.
export async function post(path, headers, body, more = {}) {
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  const signal = AbortSignal.timeout(30_000);
  const init = { method: "POST", headers: all, body: body && JSON.stringify(body), redirect: "error", signal, ...more };
  const answer = await fetch(base + path, init);
  return new Response(await answer.text(), { status: answer.status, headers: answer.headers });
}

// An answer as the server would give it to somebody who is not signed in.
export function given(detail) {
  const type = "urn:hallpass:problem:second-factor-required";
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify({ type, title: "Second factor required", detail }), { status: 401, headers });
}
