// Where a message is written: text and files, sent with Enter; the same place stops the turn.

import { el, foreign } from "../dom.js";

export class Composer {
  // `send(text, files)` and `stop()` are the page's; both may throw, then what was written stays.
  constructor(page, form, { send, stop }) {
    this.page = page;
    this.form = form;
    this.text = form.querySelector("textarea");
    this.files = [];
    this.chips = form.querySelector("[data-cb=files]");
    this.problem = form.querySelector("[data-cb=problem]");
    this.stopButton = form.querySelector("[data-cb=stop]");
    const picker = form.querySelector("input[type=file]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = this.text.value.trim();
      if (!text || this.isSending || this.files.some(({ isUploading }) => isUploading)) return;
      await this.attempt(async () => {
        await send(text, this.files.map(({ name }) => name));
        this.text.value = "";
        this.files = [];
        this.drawFiles();
        this.grow();
      });
      this.text.focus();
    });
    this.text.addEventListener("keydown", (event) => {
      // Enter also ends the composition of a word in Japanese or Chinese, and breaks lines on a phone.
      const isSent = event.key === "Enter" && !event.shiftKey && !event.isComposing && matchMedia("(hover: hover)").matches;
      if (!isSent) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.text.addEventListener("input", () => this.grow());
    this.text.addEventListener("paste", (event) => this.attach(event.clipboardData.files, event));
    picker.addEventListener("change", () => {
      this.attach(picker.files);
      picker.value = "";
    });
    this.stopButton.addEventListener("click", () => this.attempt(stop));
    document.addEventListener("dragover", (event) => {
      if (event.dataTransfer.types.includes("Files")) event.preventDefault();
    });
    document.addEventListener("drop", (event) => this.attach(event.dataTransfer.files, event));
  }

  async attempt(act) {
    this.isSending = true;
    this.problem.textContent = "";
    try {
      await act();
    } catch (error) {
      this.problem.textContent = error.message;
    } finally {
      this.isSending = false;
    }
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, innerHeight * 0.4)}px`;
  }

  show(isRunning) {
    this.stopButton.hidden = !isRunning;
  }

  attach(files, event = null) {
    if (files.length === 0) return;
    event?.preventDefault();
    for (const file of files) this.upload(file);
  }

  async upload(file) {
    const kept = { name: file.name, isUploading: true };
    this.files.push(kept);
    this.drawFiles();
    try {
      const form = new FormData();
      form.append("files", file, file.name);
      const { data } = await this.page.send("POST", "/v1/files/", form);
      kept.name = data[0].name;
      kept.isUploading = false;
    } catch (error) {
      this.files = this.files.filter((one) => one !== kept);
      this.problem.textContent = `${file.name} was not uploaded: ${error.message}`;
    }
    this.drawFiles();
  }

  drawFiles() {
    this.chips.replaceChildren(
      ...this.files.map((file) => {
        const remove = el("button", { type: "button", "aria-label": `Leave out ${file.name}` }, "×");
        remove.addEventListener("click", () => {
          this.files = this.files.filter((one) => one !== file);
          this.drawFiles();
        });
        return el("li", { class: "chat-chip", "aria-busy": file.isUploading }, foreign(file.name), remove);
      }),
    );
  }
}
