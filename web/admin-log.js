// The audit log: all of it, and what concerns one user.

import { ask, card, choice, doer, field, line, make, named, time } from "./tools.js";

const PATH = "/api/admin/audit";

// Records that are loaded a page at a time.
function pages(query) {
  const { button, notes, run } = doer();
  const list = make("ul", { class: "rows", "data-list": "records" });
  const actions = make("p", { class: "actions" });
  const more = async (before) => {
    const parameters = new URLSearchParams({ limit: 20, ...query(), ...(before && { before }) });
    const { records, next } = await ask("GET", PATH + "?" + parameters);
    if (!before) list.replaceChildren();
    list.append(...records.map(row));
    actions.replaceChildren();
    if (next) actions.append(button("older-records", () => more(next), "Older ones"));
    return list.childElementCount || next ? "" : "Nothing is on record.";
  };
  return { run, show: () => more(), parts: [list, ...notes, actions] };
}

const person = ({ id, username }) => named(username ?? "a deleted user (" + id + ")");

function row({ at, event, result, reason, user, by, address, user_agent, detail, times }) {
  const words = [];
  const add = (...parts) => words.push(words.length ? ", " : "", ...parts);
  if (user) add(person(user));
  if (by) add("by ", person(by));
  if (address) add(address);
  if (detail) add(detail);
  if (reason) add(reason);
  if (user_agent) add(named(user_agent));
  const name = event.replaceAll("_", " ") + (times > 1 ? " × " + times : "");
  const refused = result === "ok" ? [] : [make("span", { class: "tag warn" }, result)];
  return make(
    "li",
    { class: "row", "data-event": event },
    make("div", { class: "row-head" }, make("strong", {}, name), ...refused, make("span", { class: "hint" }, time(at))),
    make("p", { class: "hint" }, ...words),
  );
}

// What concerns one user, below a row's buttons.
export function recordsOf(user) {
  const { show, parts } = pages(() => ({ user }));
  return { show, element: make("div", {}, ...parts) };
}

export function log() {
  const event = choice("event", [["", "Everything"]]);
  const since = make("input", { name: "since", type: "datetime-local" });
  const query = () => ({
    ...(event.value && { event: event.value }),
    ...(since.value && { since: new Date(since.value).toISOString() }),
  });
  const { run, show, parts } = pages(query);
  // The server's description of its API names the events.
  const fill = async () => {
    if (event.length > 1) return;
    const { paths } = await ask("GET", "/api/openapi.json");
    const { schema } = paths[PATH].get.parameters.find(({ name }) => name === "event");
    event.append(...schema.enum.map((name) => make("option", { value: name }, name.replaceAll("_", " "))));
  };
  event.addEventListener("focus", () => run(fill));
  const form = line("records", { run, label: "Show", submit: show }, field("Event", event), field("Since", since));
  return { element: card("log", "Audit log", form, ...parts) };
}
