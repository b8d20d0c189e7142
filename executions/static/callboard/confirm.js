// Asks before a form with `data-confirm` is sent.

// Heard at the document: pages draw their forms again while they are open.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-confirm]");
  if (!form) return;
  event.preventDefault();
  if (!(await ask(form.dataset.confirm, form.dataset.verb))) return;
  // Drawn anew while the question stood, the old form is in no document, and such forms are not sent.
  if (!form.isConnected) document.body.append(form);
  form.submit();
});

function ask(question, verb) {
  const dialog = document.createElement("dialog");
  dialog.className = "cb-dialog";
  const text = document.createElement("p");
  text.textContent = question;
  const menu = document.createElement("menu");
  const form = document.createElement("form");
  form.method = "dialog";
  for (const [value, label, look] of [["", "Not now", ""], ["yes", verb, " is-primary"]]) {
    const button = document.createElement("button");
    button.className = `cb-button${look}`;
    button.value = value;
    button.textContent = label;
    menu.append(button);
  }
  form.append(text, menu);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}
