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
    // Coloured text and opened details differ from what the server drew, so its own text is what is compared.
    this.known = new Map([...root.querySelectorAll("[data-redrawn]")].map((part) => [part.id, comparable(part)]));
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
      const text = now && comparable(now);
      if (!now || text === this.known.get(part.id) || isInUse(part)) continue;
      this.known.set(part.id, text);
      const open = new Map([...part.querySelectorAll("details[data-key]")].map((each) => [each.dataset.key, each.open]));
      part.replaceChildren(...now.cloneNode(true).childNodes);
      for (const each of part.querySelectorAll("details[data-key]")) each.open = open.get(each.dataset.key) ?? each.open;
      this.colour(part);
    }
    this.drawn();
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

// Every copy has other form tokens and other links to media.
function comparable(part) {
  return part.innerHTML.replaceAll(/name="csrfmiddlewaretoken" value="[^"]*"|\?token=[^"]*/g, "");
}
