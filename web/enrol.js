// What it takes to set up a second factor, wherever that is done: the QR code and the secret for an
// authenticator app, and the recovery codes.

import { doer, field, line, make } from "./tools.js";

const SVG = "http://www.w3.org/2000/svg";

// The content security policy admits these rules, since a script of ours makes them.
const style = new CSSStyleSheet();
style.replaceSync(`
  .qr { display: block; width: 100%; max-width: 15rem; margin-block: 1rem; background: #fff }
  .qr path { fill: #000 }
  .codes { list-style: none; padding: 0; columns: 12rem; font-family: ui-monospace, monospace }
  .codes li, .secret { overflow-wrap: anywhere; user-select: all }
  .secret { font-family: ui-monospace, monospace }
  @media print {
    [data-print] body * { visibility: hidden }
    [data-print] .codes, [data-print] .codes * { visibility: visible }
    [data-print] .codes { position: absolute; inset: 0 }
  }
`);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];

// The parts by which an app learns the secret and its first code is confirmed. `confirm` sends the
// code; what it throws is shown.
export function appParts({ secret, qr_svg }, run, confirm) {
  const code = make("input", { name: "code", type: "text", inputmode: "numeric", autocomplete: "one-time-code" });
  const submit = async () => {
    const done = confirm(code.value.trim());
    return done.catch((error) => {
      code.value = "";
      code.focus();
      throw new Error(error.errors?.[0]?.message ?? error.message);
    });
  };
  const form = line("confirm-totp", { run, label: "Confirm", submit }, field("The code that the app shows", code));
  code.addEventListener("input", () => code.value.replaceAll(" ", "").length === 6 && form.requestSubmit());
  const parts = [
    make("p", {}, "Scan this with the app, or type the secret into it. Then enter the code that the app shows."),
    qr(qr_svg),
    make("p", {}, "Secret: ", make("span", { class: "secret", translate: "no" }, secret.match(/.{1,4}/g).join(" "))),
    form,
  ];
  return { parts, code };
}

// The server sends a picture; a page with our security policy may only build one.
function qr(text) {
  const parsed = /viewBox="([\d .]+)"[^]*<path[^>]* d="([\w .-]+)"/.exec(text);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", parsed[2]);
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: parsed[1], class: "qr", role: "img", "aria-label": "The secret as a QR code" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  svg.append(path);
  return svg;
}

// The parts that show recovery codes this once. `hide` is called when the person has kept them.
export function codeParts(codes, hide) {
  const text = codes.join("\n") + "\n";
  const saving = doer();
  const copy = async () => {
    await navigator.clipboard.writeText(text).catch(() => {
      throw new Error("The browser does not let this page copy. Select the codes and copy them.");
    });
    return "Copied.";
  };
  const actions = [
    saving.button("copy-codes", copy, "Copy"),
    saving.button("save-codes", () => download(text), "Download"),
    saving.button("print-codes", print, "Print"),
    saving.button("hide-codes", hide, "I have kept them"),
  ];
  // Without a secure origin there is no clipboard.
  if (!navigator.clipboard) actions.shift();
  return [
    make("p", {}, "Keep them where only you find them. They are shown this once, and each works once."),
    make("ul", { class: "codes", translate: "no" }, ...codes.map((code) => make("li", {}, code))),
    make("div", { class: "actions" }, ...actions),
    ...saving.notes,
  ];
}

function download(text) {
  const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = make("a", { href, download: "hallpass-recovery-codes.txt", hidden: "" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

function print() {
  document.documentElement.dataset.print = "";
  window.print();
  delete document.documentElement.dataset.print;
}
