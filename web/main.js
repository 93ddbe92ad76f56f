// Loads the application. It stands in a file of its own because the content security policy admits
// no inline script, and it imports the glue dynamically so that a failure can be shown.

// A form can be read, and typed into, before the module is here. Whoever is signed in sees no form.
function showForm() {
  try {
    if (localStorage.getItem("hallpass.access_token") !== null) return;
  } catch {
    // Without storage nobody is signed in.
  }
  // Without its token a reset link opens no form.
  if (location.pathname === "/reset-password" && location.hash.length < 2) return;
  for (const form of document.querySelectorAll("[data-path]")) {
    if (form.dataset.path === location.pathname) {
      form.hidden = false;
      document.documentElement.dataset.early = "";
    }
  }
}

// What only the admin page needs is loaded when somebody sees it.
function loadForAdmins() {
  const view = document.querySelector("[data-view=admin]");
  const load = () => view.hidden || import("./admin.js").catch(console.error);
  new MutationObserver(load).observe(view, { attributes: true });
  load();
}

try {
  showForm();
  const { default: start } = await import("./app.js");
  await start();
  loadForAdmins();
} catch (error) {
  document.documentElement.dataset.app = "failed";
  console.error("the application could not be started", error);
}
