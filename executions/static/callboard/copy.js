// Buttons that copy the text of the element they name.

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    const word = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = word), 1500);
  });
}
