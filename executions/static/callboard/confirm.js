// Asks before a form with `data-confirm` is sent.

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form.dataset.confirm, form.dataset.verb).then((yes) => yes && form.submit());
  });
}

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
