// The rows of what waits for people: none moves under a hand that is about to decide.

import { colourJson } from "./dom.js";

const STILL_MOVING = 1000; // ms since the pointer last moved: it may be on its way to a row
const LOOKING = 200; // ms between two looks at where the rows are
const A_HAIR = 2; // px, that nobody misses a button by
const SETTLING = 700; // ms after rows have moved, or the page was opened, in which a click was meant for another row

export class Queue {
  constructor(part) {
    this.part = part;
    this.moved = performance.now();
    this.pointed = -Infinity;
    this.places = this.measure();
    document.addEventListener("pointermove", () => (this.pointed = performance.now()));
    // Whatever moves them: a redrawn part above, a font or a picture that has come.
    setInterval(() => this.look(), LOOKING);
    window.addEventListener("resize", () => (this.places = this.measure()));
    part.addEventListener("click", (event) => this.guard(event), { capture: true });
  }

  get rows() {
    return [...this.part.querySelectorAll("li[data-call]")];
  }

  // Somebody points at the list, is in it with the keyboard, writes in it, or is on the way to it.
  isHeld() {
    const isWritten = [...this.part.querySelectorAll("input[type=text]:enabled")].some((field) => field.value);
    const isPointed = this.part.matches(":hover") || performance.now() - this.pointed < STILL_MOVING;
    return isPointed || isWritten || this.part.contains(document.activeElement);
  }

  // A fresh copy of the list; true, since nothing else is to draw it.
  take(now) {
    this.fresh = now;
    if (this.rows.length > 0 && this.isHeld()) this.hold();
    else this.settle();
    return true;
  }

  // As the server has it, in its order.
  settle() {
    this.part.replaceChildren(...this.fresh.cloneNode(true).childNodes);
    this.colour(this.part);
    this.look();
  }

  // Every row stays where it is: what was decided elsewhere is marked, what is new is put below.
  hold() {
    const now = new Map([...this.fresh.querySelectorAll("li[data-call]")].map((row) => [row.dataset.call, row]));
    const list = this.part.querySelector(".cb-queue");
    const gone = [];
    for (const row of this.rows) {
      const fresh = now.get(row.dataset.call);
      now.delete(row.dataset.call);
      if (row.dataset.decided !== undefined) continue;
      // Approved, a call may wait for its content: that is another row, at the same place, for the next update.
      if (fresh?.dataset.waitsFor !== row.dataset.waitsFor) gone.push(row);
      else row.querySelector("[data-waits]").textContent = fresh.querySelector("[data-waits]").textContent;
    }
    for (const row of now.values()) {
      const added = row.cloneNode(true);
      added.dataset.isNew = "";
      this.colour(added);
      list.append(added);
    }
    if (gone.length > 0) this.close(gone);
    this.tell();
  }

  // Closed at once; who has decided is asked for then.
  async close(rows) {
    for (const row of rows) this.closeOne(row);
    const query = new URLSearchParams(rows.map((row) => ["call", row.dataset.call]));
    const answer = await fetch(`${this.part.dataset.queue}?${query}`).catch(() => null);
    const said = answer?.ok && !answer.redirected ? await answer.json() : {};
    for (const row of rows) row.querySelector("[data-waits]").textContent = said[row.dataset.call] ?? "no longer waits";
  }

  closeOne(row) {
    row.dataset.decided = "";
    row.style.blockSize = `${row.getBoundingClientRect().height}px`; // what it says from now on may be longer or shorter
    if (row.contains(document.activeElement)) {
      row.tabIndex = -1; // the keyboard stays in the list
      row.focus({ preventScroll: true });
    }
    for (const field of row.querySelectorAll("button, input")) field.disabled = true;
    for (const link of row.querySelectorAll("a.cb-button")) link.removeAttribute("href");
  }

  tell() {
    const added = this.rows.filter((row) => row.dataset.isNew !== undefined).length;
    const decided = this.rows.filter((row) => row.dataset.decided !== undefined).length;
    const news = this.part.querySelector("[data-news]");
    news.hidden = added + decided === 0;
    const parts = [added && `${added} new`, decided && `${decided} decided`].filter(Boolean);
    const words = `${parts.join(", ")}: update`;
    if (news.textContent !== words) news.textContent = words;
  }

  // Where each row is: after one has come to stand elsewhere, or where another was, a click is not trusted for a while.
  look() {
    const known = this.places;
    this.places = this.measure();
    const isElsewhere = ([id, top]) => (known.tops.has(id) ? Math.abs(known.tops.get(id) - top) > A_HAIR : top < known.end - A_HAIR);
    if ([...this.places.tops].some(isElsewhere)) this.moved = performance.now();
  }

  // From the top of the document, so that scrolling moves nothing.
  measure() {
    const rows = this.rows.map((row) => ({ id: row.dataset.call, box: row.getBoundingClientRect() }));
    const tops = new Map(rows.map(({ id, box }) => [id, box.top + scrollY]));
    return { tops, end: (rows.at(-1)?.box.bottom ?? -Infinity) + scrollY };
  }

  guard(event) {
    if (event.target.closest("[data-news]")) return this.settle();
    this.look();
    const isByHand = event.detail > 0; // the keyboard's clicks go where its focus is, and that has not moved
    const isTooSoon = performance.now() - this.moved < SETTLING;
    if (!isByHand || !isTooSoon || !event.target.closest("button, a")) return;
    event.preventDefault();
    event.stopPropagation();
    const news = this.part.querySelector("[data-news]");
    news.textContent = "The list has just moved: look, then click again";
    news.hidden = false;
  }

  colour(part) {
    for (const pre of part.querySelectorAll("pre[data-json]")) colourJson(pre, pre.textContent);
  }
}
