// Draws one message; what it shows is kept in step with the conversation by `show`.

import { el, foreign, when } from "../dom.js";
import { CallCard } from "./call-card.js";
import { MarkdownView } from "./markdown.js";

const IMAGE = /^image\//;

export class MessageView {
  // `on` has what the buttons of its calls do.
  constructor(page, on) {
    this.page = page;
    this.on = on;
    this.body = el("div", { class: "chat-body" });
    this.author = el("bdi", { class: "chat-author" });
    this.time = el("span", { class: "chat-time cb-dim" });
    this.tools = el("div", { class: "chat-tools" });
    this.element = el("article", { class: "chat-message" }, el("header", { class: "chat-by" }, this.author, this.time), this.body, this.tools);
    this.parts = [];
  }

  show(message) {
    this.message = message;
    const { role, isOpen, isPartial } = message;
    this.element.dataset.role = role;
    this.element.classList.toggle("is-open", isOpen);
    this.element.setAttribute("aria-busy", isOpen);
    this.author.textContent = this.page.nameOf(message);
    if (message.at && !this.time.firstChild) this.time.append(when(message.at));
    message.parts.forEach((part, place) => this.showPart(part, place));
    while (this.parts.length > message.parts.length) this.drop(this.parts.pop());
    this.note ??= el("p", { class: "cb-note cb-dim" });
    if (isPartial && !isOpen) {
      this.note.textContent = "Stopped here.";
      this.body.append(this.note);
    } else {
      this.note.remove();
    }
    if (this.drawnTools !== `${role} ${isOpen}`) this.drawTools();
  }

  showPart(part, place) {
    let view = this.parts[place];
    if (view && view.type !== part.type) {
      this.drop(view);
      view = null;
    }
    if (!view) {
      view = VIEWS[part.type](this, part);
      view.type = part.type;
      this.body.insertBefore(view.element, this.parts[place - 1]?.element.nextSibling ?? (place === 0 ? this.body.firstChild : null));
      this.parts[place] = view;
    }
    view.show(part);
  }

  drop(view) {
    view.close?.();
    view.element.remove();
  }

  // Nothing of it is followed any more.
  close() {
    for (const part of this.parts) part.close?.();
  }

  get text() {
    return this.message.parts.filter(({ type }) => type === "text").map(({ text }) => text).join("\n\n");
  }

  drawTools() {
    const { role, isOpen } = this.message;
    this.drawnTools = `${role} ${isOpen}`;
    if (isOpen) return this.tools.replaceChildren();
    const copy = tool("Copy", () => navigator.clipboard.writeText(this.text).then(() => flash(copy, "Copied")));
    this.tools.replaceChildren(copy);
  }
}

function tool(label, act) {
  const button = el("button", { type: "button", class: "chat-tool" }, label);
  button.addEventListener("click", act);
  return button;
}

function flash(button, word) {
  const before = button.textContent;
  button.textContent = word;
  setTimeout(() => (button.textContent = before), 1500);
}

const VIEWS = {
  text: (view) => {
    if (view.message.role === "user") {
      const element = el("p", { class: "chat-said", dir: "auto" });
      return { element, show: ({ text }) => element.textContent !== text && (element.textContent = text) };
    }
    const drawn = new MarkdownView((...change) => view.page.send(...change));
    return { element: drawn.element, show: ({ text, isFinal }) => drawn.show(text, isFinal) };
  },
  reasoning: () => {
    const words = el("div", { class: "chat-thought", dir: "auto" });
    const element = el("details", { class: "chat-reasoning" }, el("summary", {}, "Thinking"), words);
    return { element, show: ({ text }) => (words.textContent = text) };
  },
  file: () => {
    const element = el("div", { class: "chat-file" });
    return {
      element,
      show: ({ url, mediaType, name }) => {
        if (element.dataset.url === url && element.childNodes.length) return;
        element.dataset.url = url;
        const label = foreign(name || "file");
        if (!url) element.replaceChildren(el("span", { class: "chat-chip" }, label));
        else if (IMAGE.test(mediaType)) element.replaceChildren(el("a", { href: url }, el("img", { src: url, alt: name, loading: "lazy" })));
        else element.replaceChildren(el("a", { class: "chat-chip", href: url }, label));
      },
    };
  },
  tool: (view, part) => new CallCard(view.page, part, view.on),
};
