// Follows tool calls, executions and chat threads live, over one websocket that comes back by itself.
// One module without dependencies, for any page: see docs/callboard-js.md. `callboard.d.ts` is made from it.

/**
 * How a client gets in: a ticket, a function that fetches one, a key (for programs and pages of one's own), or
 * none of these for a page of this deployment on which somebody has signed in.
 * @typedef {object} Options
 * @property {string} [url] Where Callboard is; unless told, where this module came from.
 * @property {string | (() => string | Promise<string>)} [ticket] A function is asked at every connection.
 * @property {string} [key] An API key: a web page must not hold one.
 * @property {string} [space] The id of the space; needed where the credentials reach several, and for `get`.
 */

/**
 * Where following begins: behind this number (0: with the first event); null: with a snapshot. `space` takes the
 * place of the client's; `threadId` is the chat's own, for tool call ids that are repeated; `signal` ends it.
 * @typedef {{after?: number | null, space?: string, threadId?: string, signal?: AbortSignal}} FollowOptions
 */

/** @typedef {{type: "waiting", tool_call_id: string}} Waiting The tool call has no execution yet. */
/** @typedef {{type: "snapshot", object: any, seq: number | string}} Snapshot The object as it is after event `seq`. */
/**
 * @typedef {object} LiveEvent
 * @property {"event"} type
 * @property {number | string} seq Its number; a cursor for a space.
 * @property {string} kind For example `execution.progressed`.
 * @property {any} data
 * @property {string} at RFC 3339.
 * @property {string} [execution_id]
 * @property {string} [objective_id]
 */
/** @typedef {{type: "gap", from: number | string, to: number | string}} Gap Events that retention has removed. */
/** @typedef {Waiting | Snapshot | LiveEvent | Gap} Item */
/** @typedef {"idle" | "connecting" | "live" | "lost" | "closed"} Status */
/**
 * @typedef {object} Listened
 * @property {Waiting} waiting
 * @property {Snapshot} snapshot
 * @property {LiveEvent} event
 * @property {Gap} gap
 * @property {LiveEvent | null} ended The last event; null where it was not seen.
 * @property {CallboardError} error
 */
/** @typedef {{thread_id: string, message_id?: string, queued_id?: string, branch_id?: string}} Said */

const FIRST_PAUSE = 500; // ms, doubling with every try up to the longest; half of each is random
const LONGEST_PAUSE = 15000;
const OPENING = 10000; // ms in which a socket opens or is given up
const BEAT = 10000; // ms between two looks at whether the socket is alive
const SILENCE = 30000; // ms after which it is not, pings being answered
const ANSWER = 4000; // ms for a pong after the page or the network has come back
const LINGER = 1000; // ms that a socket stays which nobody needs
const BLOCKED_AFTER = 2; // tries without a socket, after which events come by SSE until there is one
const HELD = 25; // s that a lookup waits for its execution
const CODES = { 401: "unauthenticated", 403: "not_permitted", 404: "not_found", 409: "conflict", 429: "too_many" };
const CLOSES = { 4401: "unauthenticated", 4403: "not_permitted" };
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // of a ULID
const REPEATABLE = new Set(["stop", "approve", "deny", "cancel"]); // doing them twice is doing them once

/** Why something was refused; `code` is one of the wire's, or `closed`, `unreachable`, `outcome_unknown`. */
export class CallboardError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{status?: number | null, field?: string | null}} [more]
   */
  constructor(code, message, { status = null, field = null } = {}) {
    super(message);
    this.name = "CallboardError";
    this.code = code;
    /** The HTTP status, null where none was received. */
    this.status = status;
    /** The wrong member of what was sent, null where none is. */
    this.field = field;
  }
}

/**
 * A client: nothing is opened before something is followed or said.
 * @param {Options} [options]
 */
export function connect(options = {}) {
  return new Client(options);
}

/** @param {number} attempt */
function pauseBefore(attempt) {
  return Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE) * (0.5 + Math.random() / 2);
}

/** @param {unknown} error */
function isPassing(error) {
  if (!(error instanceof CallboardError)) return true; // a network's, or that of the function that fetches tickets
  return error.code === "unreachable" || error.code === "unavailable" || error.code === "too_many";
}

/** @param {Response} answer */
async function refusalOf(answer) {
  const code = CODES[/** @type {keyof CODES} */ (answer.status)] ?? (answer.status >= 500 ? "unavailable" : "invalid");
  const body = await answer.json().catch(() => null);
  const detail = body?.detail ?? body?.message;
  const told = Array.isArray(detail) ? detail[0]?.msg : detail;
  return new CallboardError(code, told || `The API answered ${answer.status}.`, { status: answer.status });
}

/**
 * A tool call's public id, of what events call it: a UUID, of which the public one is another spelling.
 * @param {string} id
 */
export function publicCallId(id) {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  const bits = BigInt(`0x${id.replaceAll("-", "")}`);
  const letters = Array.from({ length: 26 }, (_, place) => ALPHABET[Number((bits >> BigInt(5 * (25 - place))) & 31n)]);
  return `toolcall_${letters.join("")}`;
}

/** Requests and addresses with the credentials in them. */
class Api {
  /** @param {Options} options */
  constructor({ url, ticket, key }) {
    this.url = new URL(url ?? new URL(import.meta.url).origin);
    this.ticket = ticket;
    this.key = key;
    this.known = typeof ticket === "string" ? ticket : null; // the newest ticket
  }

  /** Whether a refusal may be over with other credentials. */
  get isRenewable() {
    return typeof this.ticket === "function" || Boolean(this.key);
  }

  async renew() {
    if (typeof this.ticket === "function") this.known = await this.ticket();
    return this.known;
  }

  // A key cannot travel with a socket's handshake: a ticket stands for it, once and for a minute.
  async socketUrl() {
    const url = new URL("/v1/ws", this.url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const ticket = this.ticket
      ? await this.renew()
      : this.key && (await (await this.ask("/v1/tickets", { method: "POST" })).json()).data.ticket;
    if (ticket) url.searchParams.set("ticket", ticket);
    return url.href;
  }

  /**
   * @param {string} path
   * @param {RequestInit} [init]
   * @returns {Promise<Response>} one that is no refusal
   */
  async ask(path, init = {}, isAgain = false) {
    const url = new URL(path, this.url);
    const headers = new Headers(init.headers);
    if (this.key) headers.set("Authorization", `Bearer ${this.key}`);
    else if (this.ticket) url.searchParams.set("ticket", this.known ?? (await this.renew()) ?? "");
    /** @type {Response} */
    let answer;
    try {
      answer = await fetch(url, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new CallboardError("unreachable", `Callboard cannot be reached: ${error}`);
    }
    if (answer.ok) return answer;
    if (answer.status === 401 && typeof this.ticket === "function" && !isAgain) {
      this.known = null;
      return this.ask(path, init, true);
    }
    throw await refusalOf(answer);
  }
}

/** What can be listened to, in order of registration. */
class Listeners {
  /** @type {Map<string, Set<(value: any) => void>>} */
  #byType = new Map();

  /**
   * @param {string} type
   * @param {(value: any) => void} listener
   */
  add(type, listener) {
    const all = this.#byType.get(type) ?? new Set();
    this.#byType.set(type, all.add(listener));
    return () => void all.delete(listener);
  }

  get isEmpty() {
    return ![...this.#byType.values()].some((all) => all.size > 0);
  }

  /**
   * One that throws keeps nothing from the others; its error is the page's.
   * @param {string} type
   * @param {any} value
   */
  tell(type, value) {
    for (const listener of [...(this.#byType.get(type) ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** One socket for all that is followed and said. */
class Wire {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<string, Following>} */ #followings = new Map();
  /** @type {Map<string, {frame: any, isSent: boolean, done: (result: any) => void, fail: (error: Error) => void}>} */
  #commands = new Map();
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */ #timers = {};
  #attempt = 0; // since something came
  #turn = 0; // what belongs to an older socket is passed over
  #names = 0;
  #refusals = 0;
  #heardAt = 0;
  #isOpening = false;
  #why = ""; // what the server has said of a close to come
  #look = () => this.#check();
  listeners = new Listeners();
  /** @type {Status} */ status = "idle";
  /** @type {CallboardError | null} */ over = null;

  /** @param {Api} api */
  constructor(api) {
    this.api = api;
    for (const type of ["online", "offline", "pageshow"]) globalThis.addEventListener?.(type, this.#look);
    globalThis.document?.addEventListener("visibilitychange", this.#look);
  }

  /** @param {Following} following */
  join(following) {
    if (this.over) return following.fail(this.over);
    this.#names += 1;
    following.name = String(this.#names);
    this.#followings.set(following.name, following);
    if (this.#isLive()) this.#send(following.frame());
    else this.#connect();
    if (this.#attempt >= BLOCKED_AFTER) following.stream(this.api);
  }

  /** @param {Following} following */
  leave(following) {
    if (!this.#followings.delete(following.name)) return;
    if (this.#isLive()) this.#send({ type: "unsubscribe", sub: following.name });
    this.#rest();
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} members
   * @returns {Promise<any>} the result that the server tells
   */
  command(type, members) {
    if (this.over) return Promise.reject(this.over);
    this.#names += 1;
    const id = String(this.#names);
    return new Promise((done, fail) => {
      const command = { frame: { type, id, ...members }, isSent: false, done, fail };
      this.#commands.set(id, command);
      if (this.#isLive()) this.#order(command);
      else this.#connect();
    });
  }

  /** Events come without a socket. */
  streamed() {
    if (this.status === "lost") this.#say("live");
  }

  /** @param {CallboardError} error */
  close(error) {
    if (this.over) return;
    this.over = error;
    for (const type of ["online", "offline", "pageshow"]) globalThis.removeEventListener?.(type, this.#look);
    globalThis.document?.removeEventListener("visibilitychange", this.#look);
    this.#letGo();
    for (const following of [...this.#followings.values()]) following.fail(error);
    for (const { fail } of this.#commands.values()) fail(error);
    this.#followings.clear();
    this.#commands.clear();
    this.#say("closed");
  }

  #isLive() {
    return this.#socket?.readyState === 1;
  }

  /** @param {object} frame */
  #send(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  /** @param {{frame: any, isSent: boolean}} command */
  #order(command) {
    command.isSent = true;
    this.#send(command.frame);
  }

  /** @param {Status} status */
  #say(status) {
    if (this.status === status) return;
    this.status = status;
    this.listeners.tell("status", status);
  }

  #connect() {
    clearTimeout(this.#timers.linger);
    if (this.#socket || this.#isOpening || this.#timers.retry || this.over) return;
    this.#say("connecting");
    this.#open();
  }

  async #open() {
    this.#timers.retry = undefined;
    this.#isOpening = true;
    const turn = this.#turn;
    /** @type {string} */
    let url;
    try {
      url = await this.api.socketUrl();
    } catch (error) {
      if (turn !== this.#turn) return;
      return isPassing(error) ? this.#retry() : this.close(/** @type {CallboardError} */ (error));
    }
    if (turn !== this.#turn) return;
    this.#isOpening = false;
    const socket = (this.#socket = new WebSocket(url));
    this.#timers.opening = setTimeout(() => this.#retry(), OPENING);
    socket.onopen = () => socket === this.#socket && this.#begin();
    socket.onmessage = ({ data }) => socket === this.#socket && this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#lose(code);
  }

  #begin() {
    clearTimeout(this.#timers.opening);
    this.#heardAt = Date.now();
    this.#timers.beat = setInterval(() => this.#beat(), BEAT);
    for (const following of this.#followings.values()) {
      following.unstream();
      this.#send(following.frame());
    }
    for (const command of this.#commands.values()) this.#order(command);
    this.#send({ type: "ping" }); // its answer says that we are in
    this.#rest();
  }

  /** @param {any} frame */
  #hear(frame) {
    this.#heardAt = Date.now();
    const { type, sub, id, ...rest } = frame;
    if (type === "error" && sub === null && id === undefined) return (this.#why = rest.detail);
    this.#attempt = 0;
    this.#refusals = 0;
    this.#say("live");
    if (id !== undefined) return this.#answer(id, type, rest);
    const following = this.#followings.get(sub);
    if (!following) return;
    if (type === "error" && rest.code === "unavailable") {
      setTimeout(() => this.#again(following), pauseBefore(1));
    } else if (type === "error" || type === "ended") {
      this.#followings.delete(sub);
      if (type === "error") following.fail(new CallboardError(rest.code, rest.detail, { field: rest.field }));
      else following.end();
      this.#rest();
    } else following.take({ type, ...rest });
  }

  /** @param {Following} following */
  #again(following) {
    if (this.#followings.get(following.name) === following && this.#isLive()) this.#send(following.frame());
  }

  /**
   * @param {string} id
   * @param {string} type
   * @param {any} told
   */
  #answer(id, type, told) {
    const command = this.#commands.get(id);
    this.#commands.delete(id);
    if (type === "done") command?.done(told.result);
    else command?.fail(new CallboardError(told.code, told.detail, { field: told.field }));
    this.#rest();
  }

  /** @param {number} code */
  #lose(code) {
    const kind = CLOSES[/** @type {keyof CLOSES} */ (code)];
    const why = this.#why || "The server has closed the connection.";
    this.#why = "";
    if (kind === "unauthenticated") this.#refusals += 1;
    const isFinal = kind === "not_permitted" || this.#refusals > (this.api.isRenewable ? 1 : 0);
    if (kind && isFinal) this.close(new CallboardError(kind, why));
    else this.#retry();
  }

  /** Let go of the socket, and come back after a pause. */
  #retry() {
    this.#letGo();
    this.#forgetSent();
    if (this.#followings.size + this.#commands.size === 0) return this.#say("idle");
    const isStreamed = [...this.#followings.values()].some((following) => following.isStreamed);
    this.#say(isStreamed ? "live" : "lost");
    this.#timers.retry = setTimeout(() => this.#open(), pauseBefore(this.#attempt));
    this.#attempt += 1;
    if (this.#attempt < BLOCKED_AFTER) return;
    for (const following of this.#followings.values()) following.stream(this.api);
  }

  #letGo() {
    this.#turn += 1;
    this.#isOpening = false;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** What may have been done must not be done again: whoever asked for it sees in the thread whether it was. */
  #forgetSent() {
    for (const [id, { frame, isSent, fail }] of this.#commands) {
      if (!isSent || REPEATABLE.has(frame.type)) continue;
      this.#commands.delete(id);
      fail(new CallboardError("outcome_unknown", `The connection was lost before ${frame.type} was answered.`));
    }
  }

  /** Nobody needs the socket any more, perhaps. */
  #rest() {
    clearTimeout(this.#timers.linger);
    this.#timers.linger = setTimeout(() => {
      if (this.#followings.size + this.#commands.size > 0) return;
      this.#letGo();
      this.#say("idle");
    }, LINGER);
  }

  #beat() {
    const silent = Date.now() - this.#heardAt; // much after a sleep
    if (silent > SILENCE) this.#retry();
    else if (silent > BEAT && this.#isLive()) this.#send({ type: "ping" });
  }

  /** The page or the network has come or gone. */
  #check() {
    if (this.#timers.retry) {
      if (globalThis.document?.hidden || globalThis.navigator?.onLine === false) return;
      clearTimeout(this.#timers.retry);
      return void this.#open();
    }
    if (!this.#isLive()) return;
    const asked = Date.now();
    this.#send({ type: "ping" });
    clearTimeout(this.#timers.answer);
    this.#timers.answer = setTimeout(() => this.#heardAt < asked && this.#retry(), ANSWER);
  }
}

/**
 * Something that is followed: an async iterable of items, and callbacks. It begins with its first listener or
 * loop, and each event comes once, in order, however often the connection was lost.
 */
export class Following {
  #wire;
  #target;
  #listeners = new Listeners();
  /** @type {Set<{take: (item: Item) => void, end: (error: CallboardError | null) => void}>} */ #readers = new Set();
  /** @type {AbortController | null} */ #streaming = null;
  #hasBegun = false;
  #isOver = false;
  #hasWaited = false;
  /** @type {LiveEvent | null} */ #last = null;
  /** @internal */
  isStreamed = false;
  /** @internal */
  name = "";
  /** The execution that a tool call was found to have. @type {string | null} */
  executionId = null;
  /** The number of the newest event seen, for `after`. @type {number | string | null} */
  seq;

  /**
   * @param {Wire} wire
   * @param {Record<string, unknown>} target
   * @param {FollowOptions} options
   */
  constructor(wire, target, { after = null, signal } = {}) {
    this.#wire = wire;
    this.#target = target;
    this.seq = after;
    if (typeof target.execution_id === "string") this.executionId = target.execution_id;
    signal?.addEventListener("abort", () => this.close(), { once: true });
  }

  /**
   * Call `listener` with each of these; the function returned ends that.
   * @template {keyof Listened} T
   * @param {T} type
   * @param {(value: Listened[T]) => void} listener
   */
  on(type, listener) {
    const remove = this.#listeners.add(type, listener);
    this.begin();
    return remove;
  }

  /** @returns {AsyncGenerator<Item, void, void>} it throws a CallboardError; leaving the loop ends the following */
  async *[Symbol.asyncIterator]() {
    /** @type {Item[]} */
    const items = [];
    /** @type {CallboardError | null | undefined} */ let over = this.#isOver ? null : undefined;
    let wake = () => {};
    const woken = () => wake();
    const reader = {
      take: (/** @type {Item} */ item) => (items.push(item), woken()),
      end: (/** @type {CallboardError | null} */ error) => ((over = error), woken()),
    };
    this.#readers.add(reader);
    this.begin();
    try {
      for (;;) {
        while (items.length > 0) yield /** @type {Item} */ (items.shift());
        if (over) throw over;
        if (over === null) return;
        await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
    } finally {
      this.#readers.delete(reader);
      if (this.#readers.size === 0 && this.#listeners.isEmpty) this.close();
    }
  }

  /** The last event, once there is nothing more to come; rejects with a CallboardError. */
  async done() {
    for await (const item of this) void item;
    return this.#last;
  }

  /** Stop following; loops over it end. */
  close() {
    if (this.#isOver) return;
    this.#wire.leave(this);
    this.#finish(null);
  }

  /** @internal */
  begin() {
    const isHeard = this.#readers.size > 0 || !this.#listeners.isEmpty;
    if (this.#hasBegun || this.#isOver || !isHeard || !this.isKnown) return;
    this.#hasBegun = true;
    // Whoever listens to several things does so before the first of them comes.
    queueMicrotask(() => this.#isOver || this.#wire.join(this));
  }

  /** @internal */
  get isKnown() {
    return true;
  }

  /** @internal */
  frame() {
    const { tool_call_id, thread_id, ...others } = this.#target;
    // Once found, the execution is what is followed: its numbers say nothing of a retry that takes its place.
    const target = tool_call_id && this.executionId ? { ...others, execution_id: this.executionId } : this.#target;
    const after = this.seq === null ? {} : { after: this.seq };
    return { type: "subscribe", sub: this.name, ...target, ...after };
  }

  /** @internal @param {any} item */
  take(item) {
    if (this.#isOver) return;
    const { type, seq } = item;
    if (type === "subscribed" || (type === "waiting" && this.#hasWaited)) return;
    if (type === "waiting") this.#hasWaited = true;
    if (type === "event") {
      if (typeof seq === "number" && typeof this.seq === "number" && seq <= this.seq) return;
      if (this.#target.tool_call_id) this.executionId = item.execution_id ?? this.executionId;
      this.#last = item;
    }
    if (type === "snapshot" && this.#target.tool_call_id) this.executionId = item.object.id;
    if (type === "event" || type === "snapshot") this.seq = seq;
    if (type === "gap") this.seq = item.to;
    for (const reader of this.#readers) reader.take(item);
    this.#listeners.tell(type, item);
  }

  /** @internal */
  end() {
    if (this.#isOver) return;
    this.#finish(null);
    this.#listeners.tell("ended", this.#last);
  }

  /** @internal What is followed ended, and may go on. */
  pause() {
    this.#hasBegun = false;
    this.#listeners.tell("ended", this.#last);
  }

  /** @internal @param {CallboardError} error */
  fail(error) {
    if (this.#isOver) return;
    this.#finish(error);
    this.#listeners.tell("error", error);
  }

  /** @param {CallboardError | null} error */
  #finish(error) {
    this.#isOver = true;
    this.unstream();
    for (const reader of this.#readers) reader.end(error);
  }

  /** @internal */
  unstream() {
    this.#streaming?.abort();
    this.#streaming = null;
    this.isStreamed = false;
  }

  /** @internal Where no socket opens, an execution's events come by SSE. @param {Api} api */
  async stream(api) {
    const { space_id: space, tool_call_id: call } = this.#target;
    if (this.#streaming || this.#isOver || !space || !(call || this.executionId)) return;
    const { signal } = (this.#streaming = new AbortController());
    const root = `/v1/spaces/${space}/skills/executions`;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        this.executionId ??= await this.#find(api, root, signal);
        const path = `${root}/${this.executionId}/events?after=${this.seq ?? 0}`;
        const answer = this.executionId ? await api.ask(path, { signal }) : null;
        if (signal.aborted) return;
        if (answer?.status === 204) return this.#endStream();
        this.isStreamed = answer !== null;
        if (this.isStreamed) this.#wire.streamed();
        for await (const item of answer ? eventsOf(answer, signal) : []) {
          if (signal.aborted) return;
          this.take({ ...item, execution_id: this.executionId });
        }
        attempt = 0; // an answer came
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) {
          this.#wire.leave(this);
          return this.fail(/** @type {CallboardError} */ (error));
        }
      }
      this.isStreamed = false;
      await new Promise((resolve) => setTimeout(resolve, pauseBefore(attempt)));
    }
  }

  #endStream() {
    this.#wire.leave(this);
    this.end();
  }

  /**
   * @param {Api} api
   * @param {string} root
   * @param {AbortSignal} signal
   */
  async #find(api, root, signal) {
    const { tool_call_id: call, thread_id: thread } = this.#target;
    const query = thread ? `?thread_id=${encodeURIComponent(String(thread))}` : "";
    const path = `${root}/by-chat-tool-call/${encodeURIComponent(String(call))}${query}`;
    try {
      const answer = await api.ask(path, { signal, headers: { Prefer: `wait=${this.#hasWaited ? HELD : 0}` } });
      return (await answer.json()).data.id;
    } catch (error) {
      if (!(error instanceof CallboardError) || error.code !== "not_found") throw error;
      if (!signal.aborted) this.take({ type: "waiting", tool_call_id: call });
      return null;
    }
  }
}

/**
 * The events and gaps in an answer.
 * @param {Response} answer
 * @param {AbortSignal} signal
 */
async function* eventsOf(answer, signal) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  const decoder = new TextDecoder();
  let text = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let silence;
  signal.addEventListener("abort", () => reader.cancel().catch(() => {}), { once: true });
  try {
    for (;;) {
      silence = setTimeout(() => reader.cancel(), SILENCE); // a comment comes every ten seconds
      const { done, value } = await reader.read();
      clearTimeout(silence);
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = /** @type {string} */ (blocks.pop());
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block);
        if (data) yield { type: /^event: gap$/m.test(block) ? "gap" : "event", ...JSON.parse(data[1]) };
      }
    }
  } finally {
    clearTimeout(silence);
    reader.cancel().catch(() => {});
  }
}

/** A chat's thread: what is said and done in it, and what to say and do. Each verb resolves once it is done. */
export class Thread extends Following {
  #wire;
  #space;
  /** @type {Promise<Said> | null} */ #making = null;
  /** Null until something was said in a new one. @type {string | null} */
  id;

  /**
   * @param {Wire} wire
   * @param {string | null} id
   * @param {FollowOptions} options
   */
  constructor(wire, id, options) {
    /** @type {Record<string, unknown>} */
    const target = id ? { thread_id: id } : {};
    if (options.space) target.space_id = options.space;
    super(wire, target, options);
    this.#wire = wire;
    this.#space = options.space;
    this.id = id;
    this.target = target;
  }

  /** @internal */
  get isKnown() {
    return this.id !== null;
  }

  /** @internal A thread at rest is followed again once something is done in it. */
  end() {
    this.pause();
  }

  /**
   * Say something; the first words in a new thread make it.
   * @param {string} text
   * @param {{files?: string[]}} [options] `files` are names of uploaded ones.
   * @returns {Promise<Said>} with `queued_id` where a turn runs, whose end it waits for
   */
  async say(text, { files } = {}) {
    const said = { text, ...(files ? { files } : {}) };
    // Waits for nothing else: verbs are sent in the order in which they are called.
    if (this.id === null && this.#making) await this.#making.catch(() => {});
    if (this.id !== null) return this.#do("say", { thread_id: this.id, ...said });
    this.#making = this.#wire.command("say", { ...(this.#space ? { space_id: this.#space } : {}), ...said });
    const made = await this.#making;
    this.id = this.target.thread_id = made.thread_id;
    this.begin();
    return made;
  }

  /** Stop the turn, for everybody; what was said stays. */
  stop() {
    return this.#do("stop", { thread_id: this.#named() });
  }

  /** @param {string} toolCallId As it stands in messages, or an event's `call_id`. */
  approve(toolCallId) {
    return this.#do("approve", { tool_call_id: publicCallId(toolCallId) });
  }

  /**
   * @param {string} toolCallId
   * @param {string} [memo] Why; the agent is told.
   */
  deny(toolCallId, memo) {
    return this.#do("deny", { tool_call_id: publicCallId(toolCallId), ...(memo ? { memo } : {}) });
  }

  /**
   * Give the content that a tool call waits for.
   * @param {string} toolCallId
   * @param {string | {type: "text", text: string}[]} content
   */
  content(toolCallId, content) {
    return this.#do("content", { tool_call_id: publicCallId(toolCallId), content });
  }

  /**
   * Say a message otherwise: a branch, which is a thread by its `branch_id`.
   * @param {string} messageId
   * @param {string} text
   * @returns {Promise<Said>}
   */
  edit(messageId, text) {
    return this.#do("edit", { thread_id: this.#named(), message_id: messageId, text });
  }

  /**
   * Have a message answered again, the last one unless told: a branch as well.
   * @param {string} [messageId]
   * @returns {Promise<Said>}
   */
  regenerate(messageId) {
    return this.#do("regenerate", { thread_id: this.#named(), ...(messageId ? { message_id: messageId } : {}) });
  }

  /** Stop an execution that a tool call has started. @param {string} executionId */
  cancel(executionId) {
    return this.#do("cancel", { execution_id: executionId });
  }

  #named() {
    if (this.id === null) throw new CallboardError("invalid", "Nothing was said in this thread yet.", { field: "thread_id" });
    return this.id;
  }

  /**
   * @param {string} verb
   * @param {Record<string, unknown>} members
   */
  async #do(verb, members) {
    const result = await this.#wire.command(verb, members);
    this.begin();
    return result;
  }
}

/** What `connect` returns. */
export class Client {
  #api;
  #wire;
  #space;

  /** @param {Options} options */
  constructor(options) {
    this.#api = new Api(options);
    this.#wire = new Wire(this.#api);
    this.#space = options.space;
  }

  /** How the connection is: `lost` while it comes back, `idle` while nothing needs it. @type {Status} */
  get status() {
    return this.#wire.status;
  }

  /**
   * Call `listener` with each change of `status`; the function returned ends that.
   * @param {"status"} type
   * @param {(status: Status) => void} listener
   */
  on(type, listener) {
    return this.#wire.listeners.add(type, listener);
  }

  /**
   * Follow what becomes of a tool call, before it has an execution and after.
   * @param {string} toolCallId
   * @param {FollowOptions} [options]
   */
  followCall(toolCallId, options = {}) {
    /** @type {Record<string, string>} */
    const target = { tool_call_id: toolCallId };
    if (options.threadId !== undefined) target.thread_id = options.threadId;
    return this.follow(target, { after: 0, ...options });
  }

  /**
   * @param {string} id
   * @param {FollowOptions} [options]
   */
  followExecution(id, options = {}) {
    return this.follow({ execution_id: id }, { after: 0, ...options });
  }

  /**
   * Follow an agent's objective by the events of its log.
   * @param {string} id
   * @param {FollowOptions} [options]
   */
  followObjective(id, options = {}) {
    return this.follow({ objective_id: id }, { after: 0, ...options });
  }

  /** Follow what happens in the space: a snapshot, then state changes. @param {FollowOptions} [options] */
  followSpace(options = {}) {
    return this.follow({}, options);
  }

  /**
   * Follow what a `subscribe` frame may name; with a snapshot first, unless `after` is told.
   * @param {Record<string, string>} target
   * @param {FollowOptions} [options]
   */
  follow(target, options = {}) {
    const space = options.space ?? this.#space;
    return new Following(this.#wire, space ? { ...target, space_id: space } : target, options);
  }

  /**
   * A thread of the chat; without an id a new one, made by the first `say`. It begins with a snapshot.
   * @param {string | null} [id]
   * @param {FollowOptions} [options]
   */
  thread(id = null, options = {}) {
    return new Thread(this.#wire, id, { space: this.#space, ...options });
  }

  /**
   * An answer of the REST API, with the same credentials; throws a CallboardError.
   * @param {string} path From `/v1/` on.
   * @returns {Promise<any>}
   */
  async get(path) {
    return (await this.#api.ask(path)).json();
  }

  /**
   * Any request to the REST API, with the same credentials; throws a CallboardError where it is refused.
   * @param {string} path From `/v1/` on.
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  request(path, init) {
    return this.#api.ask(path, init);
  }

  /** End everything. */
  close() {
    this.#wire.close(new CallboardError("closed", "This client was closed."));
  }
}
