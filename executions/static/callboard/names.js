// Names for assistive technology, where unfold and select2 draw things without one.

// An icon is a word in a font of pictures, which would be read out before the text beside it.
function nameIcons(root) {
  for (const icon of root.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
    const word = icon.textContent.trim();
    const holder = icon.closest("a[href], button");
    // Where there is nothing but the icon, its word is all that says what the button does.
    if (holder?.textContent.trim() === word && !holder.title && !holder.ariaLabel) holder.ariaLabel = word.replaceAll("_", " ");
    icon.ariaHidden = "true";
  }
}

// What select2 draws in place of a list of choices is named as the list is.
function nameChoices(root) {
  for (const drawn of root.querySelectorAll(".select2-container:not([data-named])")) {
    const choices = drawn.previousElementSibling;
    if (choices?.localName !== "select") continue;
    const name = choices.labels[0]?.textContent.trim() || choices.dataset.placeholder || choices.name;
    const box = drawn.querySelector("[role=combobox]");
    const value = drawn.querySelector("[role=textbox]");
    const search = drawn.querySelector("input[type=search]");
    for (const part of [box, value]) {
      if (!part) continue;
      part.removeAttribute("aria-labelledby");
      part.ariaLabel = name;
    }
    if (box && value) box.setAttribute("aria-describedby", value.id);
    if (search) search.ariaLabel = name;
    drawn.dataset.named = "";
  }
  for (const search of root.querySelectorAll(".select2-dropdown input[type=search]:not([aria-label])")) search.ariaLabel = "Search";
}

function name(root) {
  nameIcons(root);
  nameChoices(root);
}

document.addEventListener("DOMContentLoaded", () => {
  name(document);
  new MutationObserver((changes) => {
    for (const change of changes) {
      if ([...change.addedNodes].some((node) => node.nodeType === Node.ELEMENT_NODE)) name(change.target);
    }
  }).observe(document.body, { childList: true, subtree: true });
});
