// A space's live board: its newest executions, moved by the space's feed.

import { badge, el } from "./dom.js";
import { clock, dollars, duration } from "./format.js";
import { Subscription } from "./socket.js";
import { admit } from "./visitor.js";

const page = document.getElementById("board");
const { space, signedIn } = page.dataset;
const connection = document.querySelector("[data-cb=connection]");
const rows = page.querySelector("tbody");
const nothing = document.getElementById("nothing");
const MOST_ROWS = 200;
const ACTIVE = new Set(["queued", "running"]);
const WORDS = { live: "live", lost: "connecting again", over: "over" };

class Board {
  constructor(visitor) {
    this.visitor = visitor;
    this.runs = new Map();
    setInterval(() => this.tick(), 500);
  }

  // The newest by the API, then whatever the feed's snapshot says of those that are active.
  async fill(active) {
    const { data } = await this.visitor.get(`/v1/spaces/${space}/skills/executions?limit=50`);
    for (const run of [...data, ...active]) this.put(run.id, run);
  }

  take({ kind, data, execution_id: id, at }) {
    const asked = kind === "execution.cancel_requested" ? { asked: true } : {};
    this.put(id, { created_at: at, ...this.runs.get(id)?.run, ...told(data), ...asked }, true);
  }

  put(id, run, isNews = false) {
    const known = this.runs.get(id);
    const row = known?.row ?? el("tr", { dataset: { id } });
    this.runs.set(id, { run: { ...known?.run, ...run }, row });
    this.draw(id);
    if (!known) this.place(row, run);
    if (isNews) this.flash(row);
    nothing.hidden = true;
    this.count();
  }

  place(row, run) {
    row.dataset.at = run.created_at;
    const next = [...rows.children].find((other) => other.dataset.at < run.created_at);
    rows.insertBefore(row, next ?? null);
    while (rows.children.length > MOST_ROWS) {
      this.runs.delete(rows.lastElementChild.dataset.id);
      rows.lastElementChild.remove();
    }
  }

  draw(id) {
    const { run, row } = this.runs.get(id);
    const call = run.chat_tool_call_id;
    const name = el("span", {}, run.skill_slug ?? "…", " ", el("span", { class: "cb-dim" }, run.skill_version ?? ""));
    const title = el("a", { class: "cb-link", href: `/spaces/${space}/executions/${id}` }, name);
    row.classList.toggle("is-call", Boolean(run.parent_execution_id));
    row.replaceChildren(
      el("td", {}, badge(run.state), run.asked && ACTIVE.has(run.state) ? el("span", { class: "cb-dim" }, " asked to stop") : null),
      el("td", {}, title, run.failure_reason ? el("span", { class: "cb-why" }, ` ${run.failure_reason}`) : null),
      el("td", {}, call ? el("code", { class: "cb-clip", title: call }, call) : el("span", { class: "cb-dim" }, run.source ?? "")),
      el("td", { class: "is-number" }, clock(run.created_at)),
      el("td", { class: "is-number", dataset: { cb: "elapsed" } }, elapsed(run)),
      el("td", { class: "is-number" }, run.resource_usage ? dollars(run.resource_usage.cost_usd) : "–"),
    );
  }

  flash(row) {
    row.classList.remove("is-news");
    requestAnimationFrame(() => row.classList.add("is-news"));
  }

  count() {
    const counts = { running: 0, queued: 0 };
    for (const { run } of this.runs.values()) if (run.state in counts) counts[run.state] += 1;
    for (const [state, number] of Object.entries(counts)) {
      document.querySelector(`[data-cb="${state}"]`).textContent = String(number);
    }
  }

  tick() {
    for (const { run, row } of this.runs.values()) {
      if (run.state === "running") row.querySelector("[data-cb=elapsed]").textContent = elapsed(run);
    }
  }
}

function told(data) {
  const names = [
    "state",
    "skill_slug",
    "skill_version",
    "source",
    "created_at",
    "started_at",
    "finished_at",
    "failure_reason",
    "parent_execution_id",
    "chat_tool_call_id",
    "resource_usage",
  ];
  return Object.fromEntries(names.filter((name) => data[name] !== undefined).map((name) => [name, data[name]]));
}

function elapsed({ started_at: from, finished_at: to }) {
  if (!from) return "–";
  return duration((to ? Date.parse(to) : Date.now()) - Date.parse(from));
}

function start(visitor, turnAway) {
  const board = new Board(visitor);
  page.hidden = false;
  new Subscription(visitor, { space_id: space }, {
    take: (frame) => {
      if (frame.type === "snapshot") {
        board.fill(frame.object.executions).catch(() => {});
        nothing.hidden = board.runs.size > 0;
      }
      if (frame.type === "event") board.take(frame);
    },
    status: (word) => {
      connection.textContent = WORDS[word] ?? "";
      connection.dataset.is = word;
    },
    refused: (why) => {
      page.hidden = true;
      turnAway(why);
    },
  });
}

admit(document.getElementById("sign-in"), signedIn === "true", start);
