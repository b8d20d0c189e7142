// The admin's Desk, its queue of what waits, and the page of one tool call: drawn again every few seconds.

import { Queue } from "./queue.js";
import { Redrawing } from "./redrawing.js";

const EVERY = 3000; // ms
const root = document.querySelector(".cb-run");
const place = root.querySelector("[data-queue]");
const queue = place && new Queue(place);
const redrawing = new Redrawing(root, () => queue?.look(), (part, now) => part === place && queue.take(now));

setInterval(() => {
  if (!document.hidden) redrawing.soon();
}, EVERY);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) redrawing.soon();
});
