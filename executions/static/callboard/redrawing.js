// Parts of a page that the server draws again: what changed is taken from a fresh copy of this page.

import { colourJson } from "./dom.js";

const SOON = 300; // ms: what happens together is drawn together
const PAUSE = 1000; // ms from one copy to the next, while much happens
const PATIENCE = 15000; // ms for an answer

// Somebody is about to send this part's form: it stays as it is.
function isInUse(part) {
  const fields = [...part.querySelectorAll("input[type=text]:enabled, input[type=file], textarea")];
  return fields.some((field) => field.value || field === document.activeElement);
}

export class Redrawing {
  // `drawn` is called after each time; `take` may draw a part itself, and says so by true.
  constructor(root, drawn = () => {}, take = () => false) {
    this.root = root;
    this.drawn = drawn;
    this.take = take;
    this.drawnAt = new Date();
    this.timer = null;
    this.isAsking = false;
    this.askedAt = -PAUSE;
    // By child of a part. Coloured text and opened details differ from what the server drew: its text is compared.
    this.texts = new WeakMap();
    for (const part of root.querySelectorAll("[data-redrawn]")) {
      for (const child of part.children) this.texts.set(child, comparable(child));
      toEnd(part);
    }
    this.colour(root);
    this.say();
  }

  soon() {
    this.timer ??= setTimeout(() => this.draw(), Math.max(SOON, this.askedAt + PAUSE - performance.now()));
  }

  async draw() {
    this.timer = null;
    // One copy at a time: an older one, come late, would take the place of a newer one.
    if (this.isAsking) return this.soon();
    this.isAsking = true;
    this.askedAt = performance.now();
    const asked = { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(PATIENCE) };
    const answer = await fetch(location.href, asked).catch(() => null);
    const page = answer?.ok && !answer.redirected ? await answer.text().catch(() => null) : null;
    this.isAsking = false;
    if (answer?.redirected) return this.say("signed out, reload to sign in");
    if (page !== null) return this.redraw(page);
    this.say("connection lost");
    if (!answer || answer.status >= 500) this.soon();
  }

  redraw(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    this.drawnAt = new Date();
    this.say();
    for (const part of this.root.querySelectorAll("[data-redrawn]")) {
      const now = fresh.getElementById(part.id);
      if (now && this.take(part, now)) continue;
      if (now && !isInUse(part)) this.update(part, now);
    }
    this.drawn();
  }

  // Children that the server draws as before stay, with all that is opened, scrolled and selected in them.
  update(part, now) {
    const known = new Map([...part.children].map((child) => [this.texts.get(child), child]));
    const children = [...now.children].map((child) => {
      const text = comparable(child);
      const old = known.get(text);
      known.delete(text);
      return old ?? this.made(child, text);
    });
    const places = [part, ...part.querySelectorAll("[data-key]")].map(placeOf);
    const kept = new Set(children);
    for (const child of [...part.children]) if (!kept.has(child)) child.remove();
    let next = part.firstElementChild;
    for (const child of children) {
      if (child === next) next = next.nextElementSibling;
      else part.insertBefore(child, next);
    }
    if (now.dataset.seq) part.dataset.seq = now.dataset.seq;
    toEnd(part);
    for (const place of places) putBack(part, place);
  }

  made(child, text) {
    const made = child.cloneNode(true);
    this.texts.set(made, text);
    this.colour(made);
    return made;
  }

  // How old the page is, where it has a place for that.
  say(problem = "") {
    const place = this.root.querySelector("[data-cb=updated]");
    if (!place) return;
    place.dataset.is = problem ? "lost" : "live";
    const time = this.drawnAt.toLocaleTimeString([], { hour12: false });
    place.querySelector("span").textContent = problem ? `as of ${time}` : `updated ${time}`;
    const said = place.querySelector("[role=status]");
    if (said.textContent !== problem) said.textContent = problem;
  }

  colour(part) {
    for (const pre of part.querySelectorAll("pre[data-json]")) colourJson(pre, pre.textContent);
  }
}

const GROWS = "[data-follows], [data-cb=open-text]";

// What grows shows its end.
function toEnd(part) {
  for (const each of [...part.querySelectorAll(GROWS), part]) if (each.matches(GROWS)) each.scrollTop = each.scrollHeight;
}

// How far somebody has scrolled and opened an element.
function placeOf(element) {
  const { scrollTop, scrollHeight, clientHeight, open } = element;
  return { key: element.dataset.key, element, scrollTop, isAtEnd: scrollHeight - scrollTop - clientHeight < 40, open };
}

function putBack(part, { key, element, scrollTop, isAtEnd, open }) {
  const now = element.isConnected ? element : part.querySelector(`[data-key="${key}"]`);
  if (!now) return;
  if (now !== element && open !== undefined) now.open = open;
  if (!isAtEnd || !now.matches(GROWS)) now.scrollTop = scrollTop;
}

// Every copy has other form tokens and other links to media.
function comparable(part) {
  return part.outerHTML.replaceAll(/name="csrfmiddlewaretoken" value="[^"]*"|\?token=[^"]*/g, "");
}
