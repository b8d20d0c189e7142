// A space's live board: its newest executions and objectives, moved by the space's feed.

import { el } from "./dom.js";
import * as executions from "./execution-row.js";
import * as objectives from "./objective-row.js";
import { admit, tellConnection } from "./visitor.js";

const page = document.getElementById("board");
const { space, signedIn, desk } = page.dataset;
const connection = document.querySelector("[data-cb=connection]");
const rows = page.querySelector("tbody");
const nothing = document.getElementById("nothing");
const MOST_ROWS = 200;
const COUNTED = { running: "running", queued: "queued", pending: "queued" };
const WORDS = { live: "live", lost: "connecting again", over: "over" };

class Board {
  constructor(client) {
    this.client = client;
    this.entries = new Map(); // by id: what is known of an execution or objective, and its row
    setInterval(() => this.tick(), 500);
  }

  // The newest executions by the API, then whatever the feed's snapshot says of what is not over.
  async fill(active) {
    const newest = await this.client.get(`/v1/spaces/${space}/skills/executions?limit=50`).catch(() => ({ data: [] }));
    const open = [...active.executions, ...active.objectives.map(objectives.shown)];
    for (const known of [...newest.data, ...open]) this.put(known.id, known);
    nothing.hidden = this.entries.size > 0;
  }

  // A feed tells of kinds that this page does not know, too: those are none of its rows.
  take(event) {
    if (event.execution_id) this.put(event.execution_id, executions.told(event), event.at);
    if (event.objective_id) this.takeObjective(event.objective_id, event);
  }

  takeObjective(id, event) {
    const isKnown = this.entries.has(id);
    this.put(id, { kind: "objective", ...objectives.told(event) }, event.at);
    // The feed says of a new objective only its state.
    if (!isKnown) this.look(id);
  }

  look(id) {
    const objective = this.client.followObjective(id, { after: null });
    objective.on("snapshot", ({ object }) => {
      objective.close();
      this.put(id, objectives.shown(object));
    });
  }

  put(id, news, newsAt = null) {
    const entry = this.entries.get(id) ?? { known: { created_at: newsAt }, row: el("tr", { dataset: { id } }) };
    const { created_at: before } = entry.known;
    Object.assign(entry.known, news);
    this.entries.set(id, entry);
    this.draw(id, entry);
    if (!entry.row.isConnected || entry.known.created_at !== before) this.place(entry);
    if (newsAt) this.flash(entry.row);
    nothing.hidden = true;
    this.count();
  }

  place({ row, known }) {
    const at = Date.parse(known.created_at);
    row.dataset.at = at;
    const next = [...rows.children].find((other) => other !== row && Number(other.dataset.at) < at);
    rows.insertBefore(row, next ?? null);
    while (rows.children.length > MOST_ROWS) {
      this.entries.delete(rows.lastElementChild.dataset.id);
      rows.lastElementChild.remove();
    }
  }

  draw(id, { known, row }) {
    const isObjective = known.kind === "objective";
    row.dataset.kind = isObjective ? "objective" : "execution";
    row.classList.toggle("is-call", Boolean(isObjective ? known.parent : known.parent_execution_id));
    const cells = isObjective
      ? objectives.objectiveCells(known, desk ? desk.replace("ID", id) : null)
      : executions.executionCells(known, `/spaces/${space}/executions/${id}`);
    row.replaceChildren(...cells);
  }

  flash(row) {
    row.classList.remove("is-news");
    requestAnimationFrame(() => row.classList.add("is-news"));
  }

  count() {
    const counts = { running: 0, queued: 0 };
    for (const { known } of this.entries.values()) {
      if (known.state in COUNTED) counts[COUNTED[known.state]] += 1;
    }
    for (const [state, number] of Object.entries(counts)) {
      document.querySelector(`[data-cb="${state}"]`).textContent = String(number);
    }
  }

  tick() {
    for (const { known, row } of this.entries.values()) {
      const part = known.state === "running" && row.querySelector("[data-cb=elapsed]");
      if (part) part.textContent = executions.elapsed(known);
    }
  }
}

function start(client, turnAway) {
  const board = new Board(client);
  const feed = client.followSpace();
  page.hidden = false;
  feed.on("snapshot", ({ object }) => board.fill(object));
  feed.on("event", (event) => board.take(event));
  feed.on("error", (error) => {
    page.hidden = true;
    turnAway(error);
  });
  tellConnection(client, feed, (word) => {
    connection.textContent = WORDS[word];
    connection.dataset.is = word;
  });
}

admit(document.getElementById("sign-in"), { space, isSignedIn: signedIn === "true" }, start);
