// The API documents: search, filters, and links that open what they lead to.

const words = document.getElementById("docs-words");
const api = document.getElementById("docs-api");
const method = document.getElementById("docs-method");
const apart = document.getElementById("not-built");
const operations = [...document.querySelectorAll(".docs-operation")];
const built = operations.filter((operation) => !apart.contains(operation));
const introduction = document.getElementById("docs-introduction");
const schemas = [...document.querySelectorAll(".docs-schema")];

function search() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (text) => wanted.every((word) => text.includes(word));
  for (const operation of operations) {
    const { method: its, api: of, words: text } = operation.dataset;
    operation.hidden = !((!method.value || its === method.value) && (!api.value || of === api.value) && holds(text));
  }
  const isFiltered = Boolean(wanted.length || api.value || method.value);
  for (const schema of schemas) {
    schema.hidden = isFiltered && !(wanted.length && holds(schema.id.slice("schema-".length).toLowerCase()));
  }
  for (const section of document.querySelectorAll(".docs-tag, .docs-apart")) {
    const count = section.querySelectorAll(":scope > details:not([hidden])").length;
    section.hidden = count === 0;
    const entry = document.querySelector(`.docs-tags a[href="#${section.id}"]`).parentElement;
    entry.hidden = section.hidden;
    entry.querySelector("small").textContent = count;
  }
  introduction.hidden = isFiltered;
  const shown = (list) => list.filter((operation) => !operation.hidden).length;
  const [here, all] = [shown(built), shown(operations)];
  document.getElementById("docs-found").textContent = isFiltered
    ? `${here} of ${built.length} operations` + (all > here ? `, and ${all - here} not built` : "")
    : `${built.length} operations`;
  document.getElementById("docs-apart-count").textContent = all - here;
  document.getElementById("docs-none").hidden = here > 0;
}

function clear() {
  words.value = api.value = method.value = "";
  search();
}

// What an address leads to is shown, opened and brought into view.
function follow() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.hidden) clear();
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target.scrollIntoView();
  if (target.tagName === "DETAILS") target.querySelector("summary").focus({ preventScroll: true });
}

const everything = document.getElementById("docs-all");
everything.addEventListener("click", () => {
  const open = everything.getAttribute("aria-pressed") !== "true";
  everything.setAttribute("aria-pressed", open);
  everything.textContent = open ? "Close all" : "Open all";
  for (const operation of built) operation.open = open;
});

words.form.addEventListener("submit", (event) => {
  event.preventDefault();
  const shown = operations.filter((operation) => !operation.hidden);
  const first = shown.find((operation) => operation.firstElementChild.textContent.toLowerCase().includes(words.value.toLowerCase())) ?? shown[0];
  if (!first) return;
  if (apart.contains(first)) apart.open = true;
  first.open = true;
  first.querySelector("summary").focus();
});
for (const field of [words, api, method]) field.addEventListener("input", search);
document.getElementById("docs-clear").addEventListener("click", () => { clear(); words.focus(); });
addEventListener("hashchange", follow);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target === words) clear();
  if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  event.preventDefault();
  words.focus();
});
search();
follow();
