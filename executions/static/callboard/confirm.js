// Asks before a form with `data-confirm` is sent; `data-consequence` says what follows, `data-verb` is the button.

// Heard at the document: pages draw their forms again while they are open.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-confirm]");
  if (!form) return;
  event.preventDefault();
  const isDanger = (event.submitter ?? form.querySelector("button")).classList.contains("is-danger");
  if (!(await ask(form.dataset, isDanger))) return;
  // Drawn anew while the question stood, the old form is in no document, and such forms are not sent.
  if (!form.isConnected) document.body.append(form);
  form.submit();
});

function made(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The first button has the focus: whoever presses Enter too early changes nothing.
function ask({ confirm: question, consequence, verb }, isDanger) {
  const dialog = made(
    "dialog",
    { class: "cb-dialog", "aria-labelledby": "cb-question", "aria-describedby": "cb-consequence" },
    made("h2", { id: "cb-question" }, question),
    made("p", { id: "cb-consequence" }, consequence ?? ""),
    made(
      "form",
      { method: "dialog" },
      made(
        "menu",
        {},
        made("li", {}, made("button", { class: "cb-button", value: "" }, "Not now")),
        made("li", {}, made("button", { class: `cb-button is-primary${isDanger ? " is-danger" : ""}`, value: "yes" }, verb)),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}
