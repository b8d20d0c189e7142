// The chat page: the threads of a space, one of them open.

import { el, foreign } from "../dom.js";
import { admit } from "../visitor.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { MessageView } from "./message-view.js";
import { ThreadList } from "./threads.js";

const root = document.getElementById("chat");
const NEAR_END = 120; // px from the end, within which the end stays in view
const LONG_TURN = 10000; // ms after which the end of a turn is told where nobody looks

class ChatPage {
  constructor(client, turnAway) {
    this.client = client;
    this.turnAway = turnAway;
    this.space = root.dataset.space;
    this.me = root.dataset.me;
    this.threadId = root.dataset.thread || null;
    this.scroller = part("scroller");
    this.log = part("log");
    this.title = part("title");
    this.state = part("turn");
    this.queue = part("queued");
    this.said = part("announced");
    this.threads = new ThreadList(this, root);
    this.composer = new Composer(this, part("composer"), {
      send: (text, files) => this.say(text, files),
      stop: () => this.thread.stop(),
    });
    this.on = {
      approve: ({ id }) => this.thread.approve(id),
      deny: ({ id }, memo) => this.thread.deny(id, memo || undefined),
      content: ({ id }, content) => this.thread.content(id, content),
    };
    const connection = document.querySelector("[data-cb=connection]");
    client.on("status", (status) => {
      connection.textContent = status === "lost" ? "Connection lost. Connecting again…" : "";
      connection.dataset.is = status;
    });
    part("new").addEventListener("click", () => this.go(null));
    part("to-threads").addEventListener("click", () => root.classList.toggle("shows-threads"));
    this.scroller.addEventListener("scroll", () => this.look(), { passive: true });
    // Pictures and drawn blocks come later than their message.
    new ResizeObserver(() => this.isAtEnd && this.toEnd()).observe(this.log);
    this.offerToNotify(part("notify"));
    part("to-end").addEventListener("click", () => this.toEnd());
    addEventListener("popstate", () => this.show(threadIn(location.pathname)));
    client.followSpace().on("event", () => this.threads.again());
    this.threads.read().then(() => this.retitled(), turnAway);
    root.hidden = false;
    this.show(this.threadId);
  }

  // A change by the REST API: its answer, null for an empty one. Throws CallboardError.
  async send(method, path, body = null) {
    const isForm = body instanceof FormData;
    const mark = root.querySelector("[name=csrfmiddlewaretoken]")?.value;
    const headers = { ...(mark ? { "X-CSRFToken": mark } : {}), ...(body && !isForm ? { "Content-Type": "application/json" } : {}) };
    const answer = await this.client.request(path, { method, headers, body: isForm || body === null ? body : JSON.stringify(body) });
    return answer.status === 204 ? null : answer.json();
  }

  addressOf(threadId) {
    return threadId ? `/chat/${this.space}/${threadId}` : `/chat/${this.space}`;
  }

  go(threadId) {
    history.pushState(null, "", this.addressOf(threadId));
    root.classList.remove("shows-threads");
    this.show(threadId);
  }

  show(threadId) {
    this.thread?.close();
    this.threadId = threadId;
    this.begin(new Conversation());
    part("start").hidden = threadId !== null;
    this.threads.draw();
    this.thread = this.client.thread(threadId);
    if (threadId) this.follow();
    this.composer.text.focus();
  }

  follow() {
    const { thread } = this;
    thread.on("snapshot", ({ object }) => {
      const conversation = new Conversation();
      conversation.begin(object);
      this.begin(conversation);
    });
    thread.on("event", (event) => this.hear(event));
    thread.on("error", (error) => {
      this.state.textContent = error.code === "not_found" ? "There is no such chat for you." : error.message;
    });
  }

  begin(conversation) {
    for (const view of this.views?.values() ?? []) view.close();
    this.conversation = conversation;
    this.views = new Map();
    this.log.replaceChildren();
    this.isAtEnd = true;
    this.retitled();
    this.draw();
  }

  hear(event) {
    const before = { isRunning: this.conversation.isRunning, awaiting: this.conversation.awaiting.length };
    this.conversation.apply(event);
    this.notice(before);
    if (this.conversation.lacksLinks) this.reread();
    this.redraw ??= requestAnimationFrame(() => {
      this.redraw = null;
      this.draw();
    });
  }

  // The thread as it is now, with links to its files.
  async reread() {
    this.conversation.lacksLinks = false;
    const { threadId } = this;
    const { data, meta } = await this.client.get(`/v1/spaces/${this.space}/threads/${threadId}/messages?format=ui&limit=100`);
    if (threadId !== this.threadId || this.conversation.isRunning || meta.has_more) return;
    const conversation = new Conversation();
    conversation.begin({ thread: meta.thread, messages: data, queued: meta.queued });
    this.begin(conversation);
  }

  draw() {
    const { messages, queued, wanting } = this.conversation;
    for (const part of messages.at(-1)?.parts ?? []) part.isWanting = wanting.includes(part);
    for (const message of messages) {
      let view = this.views.get(message);
      if (!view) {
        view = new MessageView(this, this.on);
        this.views.set(message, view);
        this.log.append(view.element);
      }
      view.show(message);
    }
    this.drawQueue(queued);
    this.drawTurn();
    if (this.isAtEnd) this.toEnd();
    root.classList.toggle("is-behind", !this.isAtEnd);
  }

  drawQueue(queued) {
    const known = queued.map(({ id }) => id).join();
    if (this.queue.dataset.known === known) return;
    this.queue.dataset.known = known;
    this.queue.replaceChildren(
      ...queued.map(({ id, content }) => {
        const back = el("button", { type: "button", class: "chat-tool" }, "Take back");
        back.addEventListener("click", async () => {
          await this.send("DELETE", `/v1/spaces/${this.space}/threads/${this.threadId}/messages/${id}`);
          if (!this.composer.text.value) this.composer.text.value = content;
        });
        return el("li", {}, el("span", { class: "cb-badge", dataset: { state: "queued" } }, "queued"), foreign(content), back);
      }),
    );
  }

  drawTurn() {
    const { conversation } = this;
    const isSilent = conversation.isRunning && !conversation.messages.at(-1)?.parts.some(({ isFinal }) => isFinal === false);
    this.state.textContent = conversation.problem || (isSilent ? "Thinking…" : "");
    this.state.classList.toggle("is-failed", conversation.thread?.state === "failed");
    this.state.classList.toggle("is-thinking", isSilent && !conversation.problem);
    this.composer.show(conversation.isRunning || conversation.thread?.state === "awaiting");
  }

  async say(text, files) {
    this.isAtEnd = true;
    const { thread_id: threadId } = await this.thread.say(text, { files });
    if (!this.threadId) this.go(threadId);
    this.threads.again();
  }

  retitled() {
    const title = this.conversation.thread?.title || this.threads.threads.find(({ id }) => id === this.threadId)?.title;
    this.title.textContent = title || "New chat";
    document.title = `${title || "Chat"} · Callboard`;
  }

  nameOf({ role, author }) {
    if (role === "assistant") return "Assistant";
    return !author || author === this.me ? "You" : (this.conversation.names.get(author) ?? "Somebody else");
  }

  // What whoever does not look, or does not see, is told; streamed text is not read out piece by piece.
  notice({ isRunning, awaiting }) {
    const now = this.conversation;
    if (now.awaiting.length > awaiting) this.tell(`${now.awaiting.at(-1).name} waits for your decision.`);
    if (isRunning && !now.isRunning && !now.awaiting.length) {
      const isLong = performance.now() - (this.turnBegan ?? 0) > LONG_TURN;
      this.announce("The answer is complete.");
      if (isLong) this.tell("The answer is complete.");
    }
    if (!isRunning && now.isRunning) this.turnBegan = performance.now();
    document.title = `${now.awaiting.length ? "● " : ""}${this.title.textContent} · Callboard`;
  }

  announce(words) {
    this.said.textContent = words;
  }

  tell(words) {
    this.announce(words);
    if (document.hidden && globalThis.Notification?.permission === "granted") new Notification("Callboard", { body: words, tag: this.threadId });
  }

  // A browser asks once; it is offered, not sprung on anybody.
  offerToNotify(button) {
    button.hidden = globalThis.Notification?.permission !== "default";
    button.addEventListener("click", async () => {
      button.hidden = (await Notification.requestPermission()) !== "default";
    });
  }

  look() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    root.classList.toggle("is-behind", !this.isAtEnd);
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.isAtEnd = true;
  }
}

function threadIn(path) {
  return path.split("/")[3] || null;
}

function part(name) {
  return root.querySelector(`[data-cb=${name}]`);
}

const { space, signedIn } = root.dataset;
admit(document.getElementById("sign-in"), { space, isSignedIn: signedIn === "true" }, (client, turnAway) => new ChatPage(client, turnAway));
