// The page's one socket: what it follows comes back by itself and resumes, and what it asks is answered once.

const UNAUTHENTICATED = 4401;
const FIRST_PAUSE = 500; // ms, doubling up to the longest
const LONGEST_PAUSE = 8000;
const PING_EVERY = 20000; // ms: proxies close what is silent
const ANSWERED_WITHIN = 15000; // ms, then whoever asked is told that it is not known

export class Live {
  // `status` hears live, lost and refused.
  constructor(visitor, { status }) {
    Object.assign(this, { visitor, status });
    this.followed = new Map();
    this.asked = new Map();
    this.waiting = []; // frames that wait for the socket
    this.count = 0;
    this.pause = FIRST_PAUSE;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.open();
  }

  // `take` gets every frame; gives what ends it.
  follow(target, take, after = null) {
    this.count += 1;
    const sub = `s${this.count}`;
    this.followed.set(sub, { target, take, after });
    this.subscribe(sub);
    return () => {
      this.followed.delete(sub);
      this.send({ type: "unsubscribe", sub });
    };
  }

  followThread(threadId, take) {
    return this.follow({ thread_id: threadId }, take);
  }

  followCall(callId, take) {
    return this.follow({ tool_call_id: callId, space_id: this.space }, take, 0);
  }

  // A command's result; throws Error with what the server says of it.
  ask(type, fields) {
    this.count += 1;
    const id = `c${this.count}`;
    const frame = { type, id, ...fields };
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        this.asked.delete(id);
        reject(new Error("There was no answer. Look whether it was done before you try again."));
      }, ANSWERED_WITHIN);
      this.asked.set(id, { resolve, reject, patience });
      if (this.isOpen) this.send(frame);
      else this.waiting.push(frame);
    });
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  async open() {
    this.isComing = true;
    let url;
    try {
      url = await this.visitor.socketUrl();
    } catch (error) {
      this.isComing = false;
      if (error.status && error.status < 500) this.status("refused");
      else this.retry();
      return;
    }
    const socket = (this.socket = new WebSocket(url));
    socket.onopen = () => {
      this.isComing = false;
      this.pause = FIRST_PAUSE;
      this.status("live");
      for (const sub of this.followed.keys()) this.subscribe(sub);
      for (const frame of this.waiting.splice(0)) this.send(frame);
      this.pinging = setInterval(() => this.send({ type: "ping" }), PING_EVERY);
    };
    socket.onmessage = (message) => this.read(JSON.parse(message.data));
    socket.onclose = (closed) => {
      this.isComing = false;
      clearInterval(this.pinging);
      if (closed.code === UNAUTHENTICATED) this.status("refused");
      else this.retry();
    };
  }

  subscribe(sub) {
    const { target, after } = this.followed.get(sub);
    this.send({ type: "subscribe", sub, ...target, ...(after === null ? {} : { after }) });
  }

  read(frame) {
    if (frame.type === "done" || (frame.type === "error" && frame.id)) return this.answer(frame);
    const one = this.followed.get(frame.sub);
    if (!one) return;
    if (frame.type === "snapshot" || frame.type === "event") {
      // What was there already, after a reconnect, is no news.
      if (frame.type === "event" && one.after !== null && frame.seq <= one.after) return;
      one.after = frame.seq;
    }
    one.take(frame);
    if (frame.type === "ended") this.followed.delete(frame.sub);
  }

  answer({ type, id, result, detail }) {
    const one = this.asked.get(id);
    if (!one) return;
    this.asked.delete(id);
    clearTimeout(one.patience);
    if (type === "done") one.resolve(result);
    else one.reject(new Error(detail || "It could not be done."));
  }

  retry() {
    this.status("lost");
    this.retrying = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  // The network is back, or the tab is looked at again after a sleep.
  hurry() {
    if (this.isOpen || this.isComing) return;
    clearTimeout(this.retrying);
    this.pause = FIRST_PAUSE;
    this.open();
  }

  send(frame) {
    if (this.isOpen) this.socket.send(JSON.stringify(frame));
  }
}
