// Loads the application. It stands in a file of its own because the content security policy admits
// no inline script, and it imports the glue dynamically so that a failure can be shown.
try {
  const { default: start } = await import("./app.js");
  await start();
} catch (error) {
  document.documentElement.dataset.app = "failed";
  console.error("the application could not be started", error);
}
