// The admin's queue of what waits, and the page of one tool call: drawn again every few seconds.

import { Redrawing } from "./redrawing.js";

const EVERY = 3000; // ms
const redrawing = new Redrawing(document.querySelector(".cb-run"));

setInterval(() => {
  if (!document.hidden) redrawing.soon();
}, EVERY);
