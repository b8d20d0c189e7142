// What a thread says, kept up to date by the events of its log; draws nothing.

import { publicCallId } from "../callboard.js";

const GOING_ON = new Set(["pending", "running", "interrupting"]);
const OVER = new Set(["finalized", "failed", "cancelled", "timed_out"]);

export class Conversation {
  constructor() {
    this.thread = null;
    this.names = new Map(); // of authors, by id
    this.messages = []; // {id, role, author, at, isOpen, isPartial, parts}
    this.queued = []; // {id, content, author}
    this.problem = ""; // why the last turn failed, or what it waits for
  }

  get isRunning() {
    return this.thread?.state === "running";
  }

  // The calls that wait for a person, oldest first.
  get awaiting() {
    return this.messages.flatMap(({ parts }) => parts).filter((part) => part.type === "tool" && part.isAwaited);
  }

  get hasOpenCalls() {
    const settled = new Set(["output-available", "output-error", "output-denied"]);
    return this.messages.at(-1)?.parts.some((part) => part.type === "tool" && !settled.has(part.state)) ?? false;
  }

  // The calls that wait for content from outside: nothing else moves the thread on.
  get wanting() {
    const open = new Set(["input-available", "approval-responded", "running"]);
    const last = this.messages.at(-1);
    if (this.thread?.state !== "awaiting" || !last) return [];
    return last.parts.filter((part) => part.type === "tool" && open.has(part.state));
  }

  // A snapshot of the socket or of `GET …/messages?format=ui`.
  begin({ thread, messages, queued }) {
    this.thread = thread;
    this.problem = "";
    this.lacksLinks = false;
    this.names = new Map(messages.map(({ metadata }) => [metadata?.author?.id, metadata?.author?.name]));
    this.queued = queued.map(({ id, content, author_principal_id: author }) => ({ id, content, author }));
    this.messages = messages.map(({ id, role, metadata = {}, parts }) => ({
      id,
      role,
      author: metadata.author?.id ?? null,
      at: metadata.created_at ?? null,
      isPartial: Boolean(metadata.is_partial),
      isOpen: false,
      parts: parts.map(read).filter(Boolean),
    }));
    const last = this.messages.at(-1);
    if (last?.role === "assistant" && thread.state !== "idle") last.isOpen = true;
  }

  // The message that an event has changed, null for none.
  apply({ kind, data, at, seq }) {
    const take = TAKEN[kind];
    const changed = take ? take(this, data, { at, seq }) : null;
    return changed ?? null;
  }

  open(at) {
    const last = this.messages.at(-1);
    if (last?.role === "assistant" && last.isOpen) return last;
    const message = { id: `open-${at}`, role: "assistant", author: null, at, isOpen: true, isPartial: false, parts: [] };
    this.messages.push(message);
    return message;
  }

  close() {
    const last = this.messages.at(-1);
    if (last?.role !== "assistant" || !last.isOpen) return null;
    last.isOpen = false;
    for (const part of last.parts) part.isFinal = true;
    return last;
  }

  call(callId) {
    const id = publicCallId(callId);
    for (const message of this.messages.toReversed()) {
      const part = message.parts.find((one) => one.type === "tool" && one.id === id);
      if (part) return { message, part };
    }
    return null;
  }
}

// A part of the AI SDK's as ours; null for what is not shown.
function read(part) {
  if (part.type === "text" || part.type === "reasoning") {
    return { type: part.type, text: part.text, isFinal: part.state !== "streaming", turn: null, attempt: null };
  }
  if (part.type === "file") return { type: "file", url: part.url, mediaType: part.mediaType, name: part.filename ?? "" };
  if (part.type !== "dynamic-tool" && !part.type.startsWith("tool-")) return null;
  const { approval } = part;
  return {
    type: "tool",
    id: part.toolCallId,
    name: part.toolName ?? part.type.slice(5),
    input: part.input,
    output: part.output,
    problem: part.errorText ?? approval?.reason ?? "",
    state: part.state,
    isAwaited: part.state === "approval-requested",
    isApproved: approval?.approved ?? null,
  };
}

function openText(message, turn) {
  // Of one that a snapshot holds the turn is not told.
  return message.parts.findLast((part) => part.type === "text" && !part.isFinal && (part.turn === turn || part.turn === null));
}

// JSON where a text is an object or a list, else the text.
function parsed(text) {
  if (typeof text !== "string") return text;
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : text;
  } catch {
    return text;
  }
}

function changeCall(conversation, { call_id: id, name }, change) {
  const found = conversation.call(id);
  if (!found) return null;
  if (name) found.part.name = name;
  Object.assign(found.part, change);
  return found.message;
}

const TAKEN = {
  "message.received": (conversation, data, { at, seq }) => {
    conversation.close();
    conversation.queued = conversation.queued.filter(({ id }) => id !== data.queued_as);
    const files = (data.files ?? []).map((name) => ({ type: "file", url: "", mediaType: "", name }));
    const parts = [{ type: "text", text: data.content, isFinal: true }, ...files];
    const message = { id: data.message_id ?? `said-${seq}`, role: "user", author: data.caused_by ?? null, at, isOpen: false, parts };
    conversation.messages.push(message);
    return message;
  },
  "message.queued": (conversation, data) => {
    conversation.queued.push({ id: data.action_id, content: data.content, author: data.caused_by ?? null });
  },
  "message.withdrawn": (conversation, data) => {
    conversation.queued = conversation.queued.filter(({ id }) => id !== data.action_id);
  },
  "text.appended": (conversation, { turn, attempt, offset, text }, { at }) => {
    const message = conversation.open(at);
    let part = openText(message, turn);
    if (part && part.attempt !== null && part.attempt !== attempt) part.text = "";
    if (part) Object.assign(part, { turn, attempt });
    if (!part) {
      part = { type: "text", text: "", isFinal: false, turn, attempt };
      message.parts.push(part);
    }
    // A snapshot may hold the beginning of what comes again.
    part.text = part.text.slice(0, offset) + text;
    return message;
  },
  "turn.restarted": (conversation, { turn }, { at }) => {
    const message = conversation.open(at);
    message.parts = message.parts.filter((part) => part.isFinal !== false || (part.turn !== turn && part.turn !== null));
    return message;
  },
  "reasoning.written": (conversation, { content }, { at }) => {
    const message = conversation.open(at);
    const place = message.parts.findIndex((part) => part.type === "text" && !part.isFinal);
    const part = { type: "reasoning", text: content, isFinal: true };
    message.parts.splice(place < 0 ? message.parts.length : place, 0, part);
    return message;
  },
  "message.written": (conversation, data, { at }) => {
    const message = conversation.open(at);
    const part = message.parts.findLast((one) => one.type === "text" && !one.isFinal);
    if (part) Object.assign(part, { text: data.content ?? part.text, isFinal: true });
    else if (data.content) message.parts.push({ type: "text", text: data.content, isFinal: true });
    message.isPartial = Boolean(data.is_partial);
    for (const { call_id: id, name, arguments: written } of data.tool_calls ?? []) {
      message.parts.push({ type: "tool", id: publicCallId(id), name, input: parsed(written), state: "input-available", problem: "", isAwaited: false, isApproved: null });
    }
    return message;
  },
  "tool.approval_requested": (conversation, data) =>
    changeCall(conversation, data, { state: "approval-requested", isAwaited: true }),
  "tool.approved": (conversation, data) =>
    changeCall(conversation, data, { state: "approval-responded", isAwaited: false, isApproved: true }),
  "tool.denied": (conversation, data) =>
    changeCall(conversation, data, { state: "output-denied", isAwaited: false, isApproved: false, problem: data.memo ?? "" }),
  "tool.called": (conversation, data) => changeCall(conversation, data, { state: "running", isAwaited: false }),
  "tool.returned": (conversation, data) => {
    const isError = Boolean(data.is_error);
    const blocks = data.content ?? [];
    // Of media the log has ids, and a snapshot links.
    conversation.lacksLinks ||= blocks.some((block) => block.media_id || block.whole_id);
    return changeCall(conversation, data, {
      state: isError ? "output-error" : "output-available",
      isAwaited: false,
      output: isError ? undefined : parsed(blocks.map(({ text }) => text ?? "").join("\n")),
      problem: isError ? data.summary || "The call failed." : "",
    });
  },
  "provider.lost": (conversation, data) => {
    conversation.problem = data.message ?? "The model does not answer; it is asked again.";
  },
  "provider.found": (conversation) => {
    conversation.problem = "";
  },
  "objective.failed": (conversation, data) => {
    conversation.problem = data.message ?? "The answer failed.";
    return conversation.close();
  },
  "objective.interrupted": (conversation) => {
    const message = conversation.close();
    if (message) message.isPartial = true;
    return message;
  },
  "objective.state_changed": (conversation, { state }) => {
    const { thread } = conversation;
    if (GOING_ON.has(state)) {
      thread.state = "running";
      conversation.problem = "";
      return null;
    }
    if (state === "waiting" && conversation.hasOpenCalls) {
      thread.state = "awaiting";
      return null;
    }
    thread.state = OVER.has(state) ? (state === "failed" ? "failed" : "over") : "idle";
    return conversation.close();
  },
};
