// The chat page: the threads of a space, one of them open.

import { el, foreign } from "../dom.js";
import { admit } from "../visitor.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Live } from "./live.js";
import { MessageView } from "./message-view.js";
import { ThreadList } from "./threads.js";

const root = document.getElementById("chat");
const NEAR_END = 120; // px from the end, within which the end stays in view
const WORDS = { live: "", lost: "Connection lost. Connecting again…", refused: "" };
const LONG_TURN = 10000; // ms after which the end of a turn is told where nobody looks

class ChatPage {
  constructor(visitor, turnAway) {
    this.visitor = visitor;
    this.space = root.dataset.space;
    this.me = root.dataset.me;
    this.threadId = root.dataset.thread || null;
    this.connection = document.querySelector("[data-cb=connection]");
    this.scroller = root.querySelector("[data-cb=scroller]");
    this.log = root.querySelector("[data-cb=log]");
    this.title = root.querySelector("[data-cb=title]");
    this.state = root.querySelector("[data-cb=turn]");
    this.queue = root.querySelector("[data-cb=queued]");
    this.start = root.querySelector("[data-cb=start]");
    this.said = root.querySelector("[data-cb=announced]");
    this.branches = root.querySelector("[data-cb=branches]");
    this.live = new Live(visitor, {
      status: (word) => {
        this.connection.textContent = WORDS[word];
        this.connection.dataset.is = word;
        if (word === "refused") turnAway("These credentials are not accepted.");
      },
    });
    this.live.space = this.space;
    this.threads = new ThreadList(this, root);
    this.composer = new Composer(this, root.querySelector("[data-cb=composer]"), {
      send: (text, files) => this.say(text, files),
      stop: () => this.live.ask("stop", { thread_id: this.threadId }),
    });
    this.on = {
      approve: ({ id }) => this.live.ask("approve", { tool_call_id: id }),
      deny: ({ id }, memo) => this.live.ask("deny", { tool_call_id: id, ...(memo ? { memo } : {}) }),
      edit: (message, text) => this.branch("edit", { message_id: message.id, text }),
      regenerate: (message) => this.branch("regenerate", { message_id: message.id }),
      rate: (message, which, comment) => this.rate(message, which, comment),
    };
    root.querySelector("[data-cb=new]").addEventListener("click", () => this.go(null));
    root.querySelector("[data-cb=to-threads]").addEventListener("click", () => root.classList.toggle("shows-threads"));
    this.scroller.addEventListener("scroll", () => (this.isAtEnd = this.distance() < NEAR_END), { passive: true });
    this.offerToNotify(root.querySelector("[data-cb=notify]"));
    root.querySelector("[data-cb=to-end]").addEventListener("click", () => this.toEnd());
    addEventListener("popstate", () => this.show(threadIn(location.pathname)));
    this.live.follow({ space_id: this.space }, (frame) => frame.type === "event" && this.threads.again());
    this.threads.read().catch((error) => turnAway(error.status === 404 ? "There is no such space for these credentials." : error.message));
    root.hidden = false;
    this.show(this.threadId);
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
    this.stopFollowing?.();
    this.threadId = threadId;
    this.conversation = new Conversation();
    this.views = new Map();
    this.log.replaceChildren();
    this.queue.replaceChildren();
    this.branches.replaceChildren();
    this.isAtEnd = true;
    this.start.hidden = threadId !== null;
    this.retitled();
    this.draw();
    this.threads.draw();
    if (threadId) {
      this.stopFollowing = this.live.followThread(threadId, (frame) => this.hear(frame));
      this.readBranches();
    }
    this.composer.text.focus();
  }

  hear(frame) {
    if (frame.type === "snapshot") {
      this.conversation.begin(frame.object);
      this.views.clear();
      this.log.replaceChildren();
      this.draw();
      this.toEnd();
      this.retitled();
      return;
    }
    if (frame.type === "error") this.state.textContent = "There is no such chat for you.";
    if (frame.type !== "event") return;
    const before = { isRunning: this.conversation.isRunning, awaiting: this.conversation.awaiting.length };
    this.conversation.apply(frame);
    this.notice(before);
    this.redraw ??= requestAnimationFrame(() => {
      this.redraw = null;
      this.draw();
    });
  }

  draw() {
    const { messages, queued } = this.conversation;
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
          await this.visitor.send("DELETE", `/v1/spaces/${this.space}/threads/${this.threadId}/messages/${id}`);
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
    const fields = { text, ...(files.length ? { files } : {}) };
    if (this.threadId) {
      await this.live.ask("say", { ...fields, thread_id: this.threadId });
    } else {
      const { thread_id: threadId } = await this.live.ask("say", { ...fields, space_id: this.space });
      this.go(threadId);
    }
    this.isAtEnd = true;
    this.threads.again();
  }

  async branch(type, fields) {
    const { branch_id: branchId } = await this.live.ask(type, { thread_id: this.threadId, ...fields });
    this.go(branchId);
  }

  async readBranches() {
    const asked = this.threadId;
    const { meta } = await this.visitor.get(`/v1/spaces/${this.space}/threads/${asked}/messages?format=ui&limit=1`);
    if (asked !== this.threadId || !(meta.branches ?? []).length) return;
    const links = meta.branches.map(({ branch_id: id }, place) => {
      const link = el("a", { href: this.addressOf(id), "aria-current": id === asked ? "page" : null }, String(place + 1));
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.go(id);
      });
      return link;
    });
    this.branches.replaceChildren("Versions ", ...links);
  }

  async rate(message, which, comment) {
    await this.visitor.send("POST", `/v1/spaces/${this.space}/threads/${this.threadId}/feedback`, {
      message_id: message.id,
      rating: which,
      comment: comment || null,
    });
    this.announce("Thank you.");
  }

  retitled() {
    const title = this.conversation.thread?.title || this.threads.threads.find(({ id }) => id === this.threadId)?.title;
    this.title.textContent = title || "New chat";
    document.title = `${title || "Chat"} · Callboard`;
  }

  nameOf({ role, author }) {
    if (role === "assistant") return "Assistant";
    return !author || author === this.me || author.id === this.me ? "You" : (author.name ?? "Somebody else");
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

  distance() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.isAtEnd = true;
  }
}

function threadIn(path) {
  return path.split("/")[3] || null;
}

admit(document.getElementById("sign-in"), root.dataset.signedIn === "true", (visitor, turnAway) => new ChatPage(visitor, turnAway));
