// Swagger UI by night: it has the colours and asks its page for the class.

const night = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", night.matches);
night.addEventListener("change", follow);
follow();

// What is not built stands last and folded, unless the address leads into it. Swagger UI calls this once it is drawn.
function foldWhatIsNotBuilt(ui) {
  if (!location.hash.startsWith("#/not_built")) ui.layoutActions.show(["operations-tag", "not_built"], false);
}
