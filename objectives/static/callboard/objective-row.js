// An objective on the live board: what snapshots and events say of it, and its cells.

import { badge, el, foreign, when } from "./dom.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const STATE = "OBJECTIVE_STATE_";

// The workspace API writes an id as a prefix and a ULID, which is the same 128 bits as our UUID.
function uuidOf(spelling) {
  const ulid = spelling.slice(spelling.lastIndexOf("_") + 1);
  const bits = [...ulid].reduce((known, letter) => (known << 5n) | BigInt(ALPHABET.indexOf(letter)), 0n);
  return bits.toString(16).padStart(32, "0").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// What a row shows of an objective in a snapshot.
export function shown(objective) {
  return {
    kind: "objective",
    id: uuidOf(objective.metadata.id),
    state: stateOf(objective.state),
    created_at: objective.metadata.createdAt,
    agent: objective.configSnapshot.agent.metadata.name,
    asked: objective.firstUserMessage,
    parent: objective.parentObjectiveId,
  };
}

// What an event of the feed says of one; questions to people change no state by themselves.
export function told({ data }) {
  return data.state ? { state: data.state } : {};
}

function stateOf(name) {
  return name.replace(STATE, "").toLowerCase();
}

// `href` is the address of its page, null where the visitor has none.
export function objectiveCells(objective, href) {
  const name = foreign(objective.agent ?? "…");
  return [
    el("td", {}, objective.state ? badge(objective.state) : null),
    el(
      "td",
      {},
      href ? el("a", { class: "cb-link", href }, name) : el("b", {}, name),
      " ",
      el("bdi", { class: "cb-dim cb-clip is-text", title: objective.asked }, objective.asked ?? ""),
    ),
    el("td", {}, el("span", { class: "cb-dim" }, "objective")),
    el("td", { class: "is-number" }, when(objective.created_at)),
    el("td", { class: "is-number" }, "–"),
    el("td", { class: "is-number" }, "–"),
  ];
}
