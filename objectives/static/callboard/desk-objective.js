// The admin's page of one objective: its log on the websocket says when the server is to draw it again.

import { Redrawing } from "./redrawing.js";
import { Subscription } from "./socket.js";

const POLL_EVERY = 3000; // ms, while there is no live connection
const AWAY_EVERY = 5000; // ms, while its provider is unavailable: no event tells of every try
const root = document.getElementById("objective");
const live = JSON.parse(document.getElementById("objective-live").textContent);
const connection = root.querySelector("[data-cb=connection]");
const writing = root.querySelector("[data-cb=writing]");
let isLive = false;
let heard = { turn: null, attempt: null };

const redrawing = new Redrawing(root, () => {
  const state = root.querySelector("[data-cb=state]").dataset.state;
  document.title = document.title.replace(/^(\w+ · )?/, `${state} · `);
});

function connected(word, is) {
  connection.textContent = word;
  connection.dataset.is = is;
}

// A piece of the text that the model writes just now; a turn that is asked anew begins again.
function write({ turn, attempt, text }) {
  if (turn !== heard.turn || attempt !== heard.attempt) writing.textContent = "";
  heard = { turn, attempt };
  writing.textContent += text;
  writing.hidden = false;
}

function fallSilent() {
  writing.hidden = true;
  writing.textContent = "";
}

function take(frame) {
  if (frame.type === "snapshot") redrawing.soon();
  if (frame.type !== "event") return;
  if (frame.kind === "text.appended") return write(frame.data);
  if (frame.kind === "turn.restarted" || frame.kind === "message.written") fallSilent();
  redrawing.soon();
}

const socketUrl = async () => new URL("/v1/ws", location.href).href.replace(/^http/, "ws");
if (live.is_over) {
  connected("complete", "done");
} else {
  setInterval(() => {
    if (!isLive && !document.hidden) redrawing.soon();
  }, POLL_EVERY);
  setInterval(() => {
    if (root.querySelector("[data-cb=provider-away]") && !document.hidden) redrawing.soon();
  }, AWAY_EVERY);
  new Subscription({ socketUrl }, { objective_id: live.objective_id }, {
    take,
    status: (word) => {
      isLive = word === "live" || word === "over";
      connected({ live: "live", lost: "connecting again", over: "complete" }[word] ?? "", { live: "live", lost: "lost", over: "done" }[word] ?? "");
      if (word === "over") redrawing.soon();
    },
    refused: () => connected("drawn every few seconds", ""),
  });
}
