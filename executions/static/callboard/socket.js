// One websocket with one subscription, which comes back by itself and resumes where it stood.

import { Refused } from "./visitor.js";

const UNAUTHENTICATED = 4401;
const FIRST_PAUSE = 500; // ms, doubling up to the longest
const LONGEST_PAUSE = 8000;
const PING_EVERY = 20000; // ms: proxies close what is silent

export class Subscription {
  // `target` says what to follow. `take` gets every frame, `status` the words live, lost, over and refused,
  // `refused` why the credentials do not do. `after` is where to begin, null for a snapshot.
  constructor(visitor, target, { take, status, refused, after = null }) {
    Object.assign(this, { visitor, target, take, status, refused, after });
    this.pause = FIRST_PAUSE;
    this.isOver = false;
    this.peeks = new Map();
    this.peekCount = 0;
    this.open();
  }

  // Something else's snapshot, over the same connection; `take` is never called where there is none.
  peek(target, take) {
    this.peekCount += 1;
    const sub = `peek-${this.peekCount}`;
    this.peeks.set(sub, take);
    this.send({ type: "subscribe", sub, ...target });
  }

  readPeek({ type, sub, object }) {
    if (type === "snapshot") {
      this.peeks.get(sub)(object);
      this.send({ type: "unsubscribe", sub });
    }
    if (type === "ended" || type === "error") this.peeks.delete(sub);
  }

  async open() {
    let url;
    try {
      url = await this.visitor.socketUrl();
    } catch (error) {
      if (error instanceof Refused && error.status < 500) this.refuse("This key is not accepted.");
      else this.retry();
      return;
    }
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      const begin = this.after === null ? {} : { after: this.after };
      this.send({ type: "subscribe", sub: "page", ...this.target, ...begin });
      this.pinging = setInterval(() => this.send({ type: "ping" }), PING_EVERY);
    };
    this.socket.onmessage = (message) => this.read(JSON.parse(message.data));
    this.socket.onclose = (closed) => {
      clearInterval(this.pinging);
      this.peeks.clear();
      if (closed.code === UNAUTHENTICATED) this.refuse("These credentials are not accepted.");
      else if (!this.isOver) this.retry();
    };
  }

  read(frame) {
    if (frame.type === "pong") return;
    if (this.peeks.has(frame.sub)) return this.readPeek(frame);
    if (frame.type === "subscribed") {
      this.pause = FIRST_PAUSE;
      this.status("live");
    }
    if (frame.type === "snapshot" || frame.type === "event") this.after = frame.seq;
    this.take(frame);
    if (frame.type === "ended") this.finish("over");
    if (frame.type === "error" && frame.code === "not_found") this.refuse("There is no such space for these credentials.");
    else if (frame.type === "error") this.socket.close();
  }

  retry() {
    this.status("lost");
    setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  refuse(why) {
    this.finish("refused");
    this.refused(why);
  }

  finish(word) {
    this.isOver = true;
    this.socket?.close();
    this.status(word);
  }

  send(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}
