// The list of threads: newest first, searched, renamed, archived.

import { el, foreign } from "../dom.js";

const SEARCH_AFTER = 250; // ms

export class ThreadList {
  constructor(page, root) {
    this.page = page;
    this.list = root.querySelector("[data-cb=threads]");
    this.more = root.querySelector("[data-cb=more]");
    this.search = root.querySelector("[data-cb=search]");
    this.archived = root.querySelector("[data-cb=archived]");
    this.nothing = root.querySelector("[data-cb=no-threads]");
    this.threads = [];
    this.cursor = null;
    let pause;
    this.search.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => this.read(), SEARCH_AFTER);
    });
    this.archived.addEventListener("change", () => this.read());
    this.more.addEventListener("click", () => this.read(this.cursor));
  }

  async read(cursor = null) {
    const wanted = new URLSearchParams({ limit: "30", archived: String(this.archived.checked) });
    if (this.search.value.trim()) wanted.set("q", this.search.value.trim());
    if (cursor) wanted.set("cursor", cursor);
    const asked = (this.asked = Symbol("newest"));
    const { data, meta } = await this.page.client.get(`/v1/spaces/${this.page.space}/threads?${wanted}`);
    if (asked !== this.asked) return;
    this.threads = cursor ? [...this.threads, ...data] : data;
    this.cursor = meta.next_cursor;
    this.draw();
  }

  // Soon: events come in bursts.
  again() {
    this.rereading ??= setTimeout(() => {
      this.rereading = null;
      this.read().catch(() => {});
    }, 400);
  }

  // Not under the hands of somebody who chooses or writes there: then when they are done.
  draw() {
    this.isStale = this.isEditing || this.list.querySelector("details[open]") !== null;
    if (this.isStale) return;
    const focused = document.activeElement?.closest?.("li[data-thread]")?.dataset.thread;
    this.list.replaceChildren(...this.threads.map((thread) => this.item(thread)));
    this.more.hidden = !this.cursor;
    this.nothing.hidden = this.threads.length > 0;
    if (focused) this.list.querySelector(`li[data-thread="${focused}"] a`)?.focus();
  }

  item(thread) {
    const isHere = thread.id === this.page.threadId;
    const link = el(
      "a",
      { href: this.page.addressOf(thread.id), "aria-current": isHere ? "page" : null },
      foreign(thread.title || "New chat"),
      thread.state === "awaiting" ? el("span", { class: "cb-badge", dataset: { state: "waiting" } }, "waits") : null,
      thread.state === "running" ? el("span", { class: "cb-badge", dataset: { state: "running" } }, "running") : null,
    );
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.page.go(thread.id);
    });
    const rename = el("button", { type: "button" }, "Rename");
    rename.addEventListener("click", () => {
      menu.open = false;
      this.rename(thread, item);
    });
    const archive = el("button", { type: "button" }, thread.archived_at ? "Restore" : "Archive");
    archive.addEventListener("click", () => {
      menu.open = false;
      this.archive(thread);
    });
    const menu = el("details", { class: "chat-menu" }, el("summary", { "aria-label": "Rename or archive" }, "⋯"), el("div", {}, rename, archive));
    menu.addEventListener("toggle", () => !menu.open && this.isStale && this.draw());
    const item = el("li", { dataset: { thread: thread.id } }, link, menu);
    return item;
  }

  rename(thread, item) {
    const title = el("input", { class: "chat-line", value: thread.title ?? "", "aria-label": "Title", dir: "auto", maxlength: "200" });
    const form = el("form", {}, title);
    const done = () => {
      this.isEditing = false;
      this.draw();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await this.page.send("PATCH", `/v1/spaces/${this.page.space}/threads/${thread.id}`, { title: title.value });
      thread.title = title.value;
      done();
      await this.read(); // one under way may have been asked before
      this.page.retitled();
    });
    title.addEventListener("keydown", (event) => event.key === "Escape" && done());
    title.addEventListener("blur", () => setTimeout(done, 200));
    this.isEditing = true;
    item.replaceChildren(form);
    title.select();
  }

  async archive(thread) {
    const path = `/v1/spaces/${this.page.space}/threads/${thread.id}`;
    if (thread.archived_at) await this.page.send("PATCH", path, { archived: false });
    else await this.page.send("POST", `${path}/archive`);
    await this.read();
  }
}
