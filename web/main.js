// Loads the application. It stands in a file of its own because the content security policy admits
// no inline script, and it imports the glue dynamically so that a failure can be shown.

// The path below which the server is, such as `/auth`, which it writes into the page. Empty if the
// whole host is the server's.
const { base = "" } = document.documentElement.dataset;

// A form can be read, and typed into, before the module is here. Whoever is signed in sees no form.
function showForm() {
  try {
    if (localStorage.getItem("hallpass.access_token" + base) !== null) return;
  } catch {
    // Without storage nobody is signed in.
  }
  // Without its token a reset link opens no form.
  if (location.pathname === base + "/reset-password" && location.hash.length < 2) return;
  for (const form of document.querySelectorAll("[data-path]")) {
    if (form.dataset.path === location.pathname) {
      form.hidden = false;
      document.documentElement.dataset.early = "";
    }
  }
}

// What only some people need is loaded when they see the page that it is for.
function loadWhenSeen(name, load) {
  const view = document.querySelector(`[data-view=${name}]`);
  const look = () => view.hidden || load().catch(console.error);
  new MutationObserver(look).observe(view, { attributes: true });
  look();
}

// The application calls this with the answer to a password. If it takes a second factor, too, a
// script asks the person for it, and returns the answer to that.
window.hallpassFactor = async (answer, init) => {
  const said = await answer.clone().json().catch(() => ({}));
  return said.methods || said.setup_required ? (await import("./factor.js")).secondStep(said, init) : answer;
};

const loadPasskeys = () => import("./passkey.js").catch(console.error);

try {
  showForm();
  const { default: start } = await import("./app.js");
  await start();
  loadWhenSeen("admin", () => import("./admin.js"));
  loadWhenSeen("account", () => import("./security.js"));
  loadWhenSeen("login", loadPasskeys);
  new MutationObserver(loadPasskeys).observe(document.getElementById("fresh"), { attributes: true });
} catch (error) {
  document.documentElement.dataset.app = "failed";
  console.error("the application could not be started", error);
}
