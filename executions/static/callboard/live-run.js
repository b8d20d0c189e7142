// The admin's page of one run: its log on the websocket says when the server is to draw it again.

import { connect } from "./callboard.js";
import { duration } from "./format.js";
import { Redrawing } from "./redrawing.js";
import { tellConnection } from "./visitor.js";

const POLL_EVERY = 3000; // ms, while there is no live connection
const AWAY_EVERY = 5000; // ms, while an objective's provider is unavailable: no event tells of every try
const TICK = 200; // ms
const WORDS = { live: "live", lost: "connecting again", over: "complete" };
const LOOKS = { live: "live", lost: "lost", over: "done" };
const root = document.getElementById("run");
const live = JSON.parse(document.getElementById("live").textContent);
const connection = root.querySelector("[data-cb=connection]");
const timeline = root.querySelector("[data-cb=timeline]");
const writing = root.querySelector("[data-cb=writing]");
// What is being written and no entry shows yet: it stands at the end of the text that goes on, else below.
const fresh = document.createElement("span");
let pieces = [];
let isLive = false;

const redrawing = new Redrawing(root, () => {
  const state = root.querySelector("[data-cb=state]").dataset.state;
  document.title = document.title.replace(/^(\w+ · )?/, `${state} · `);
  write(pieces.filter(({ seq }) => seq > Number(timeline.dataset.seq)));
});

function connected(word, is) {
  connection.textContent = word;
  connection.dataset.is = is;
}

function write(now) {
  const place = timeline.querySelector("[data-cb=open-text]") ?? writing;
  const isAdded = pieces.length > 0 && now.length > pieces.length && fresh.parentElement === place;
  const follows = place.scrollHeight - place.scrollTop - place.clientHeight < 30;
  if (isAdded) fresh.append(now.at(-1).text);
  else fresh.textContent = now.map(({ text }) => text).join("");
  pieces = now;
  if (fresh.parentElement !== place) place.append(fresh);
  writing.hidden = place !== writing || now.length === 0;
  if (follows) place.scrollTop = place.scrollHeight;
}

// A turn that is asked anew begins its text again.
function hear({ seq, data }) {
  const { turn, attempt, text } = data;
  const isAnew = pieces.some((piece) => piece.turn !== turn || piece.attempt !== attempt);
  write([...(isAnew ? [] : pieces), { seq, turn, attempt, text }]);
  if (live.logs_text && fresh.parentElement === writing) redrawing.soon();
}

function take(event) {
  if (event.kind === "text.appended") return hear(event);
  if (event.kind === "turn.restarted") write([]);
  redrawing.soon();
}

function status(word) {
  isLive = word !== "lost";
  connected(WORDS[word], LOOKS[word]);
  if (word === "over") redrawing.soon();
}

function tick() {
  for (const part of root.querySelectorAll("[data-since]")) part.textContent = duration(Date.now() - Date.parse(part.dataset.since));
}

if (live.is_over) {
  connected("complete", "done");
} else {
  setInterval(tick, TICK);
  setInterval(() => !isLive && !document.hidden && redrawing.soon(), POLL_EVERY);
  setInterval(() => root.querySelector("[data-cb=provider-away]") && !document.hidden && redrawing.soon(), AWAY_EVERY);
  const client = connect({ url: location.origin });
  const run = client.follow(live.target);
  run.on("event", take);
  run.on("snapshot", () => redrawing.soon());
  run.on("gap", () => redrawing.soon());
  run.on("error", () => {
    isLive = false;
    connected("drawn every few seconds", "");
  });
  tellConnection(client, run, status);
}
