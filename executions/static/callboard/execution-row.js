// An execution on the live board: what an event says of it, and its cells.

import { badge, el, foreign, when } from "./dom.js";
import { dollars, duration } from "./format.js";

const ACTIVE = new Set(["queued", "running"]);
const TOLD = [
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

export function told({ kind, data }) {
  const asked = kind === "execution.cancel_requested" ? { asked: true } : {};
  const known = TOLD.filter((name) => data[name] !== undefined).map((name) => [name, data[name]]);
  return { ...Object.fromEntries(known), ...asked };
}

export function elapsed({ started_at: from, finished_at: to }) {
  if (!from) return "–";
  return duration((to ? Date.parse(to) : Date.now()) - Date.parse(from));
}

export function executionCells(run, href) {
  const { chat_tool_call_id: call, failure_reason: reason } = run;
  const name = [run.skill_slug ?? "…", " ", el("span", { class: "cb-dim" }, run.skill_version ?? "")];
  const isAsked = run.asked && ACTIVE.has(run.state);
  return [
    el("td", {}, badge(run.state), isAsked ? el("span", { class: "cb-dim" }, " asked to stop") : null),
    el("td", {}, el("a", { class: "cb-link", href }, ...name), reason ? el("span", { class: "cb-why" }, ` ${reason}`) : null),
    el("td", {}, call ? el("code", { class: "cb-clip", title: call }, foreign(call)) : el("span", { class: "cb-dim" }, run.source ?? "")),
    el("td", { class: "is-number" }, when(run.created_at)),
    el("td", { class: "is-number", dataset: { cb: "elapsed" } }, elapsed(run)),
    el("td", { class: "is-number" }, run.resource_usage ? dollars(run.resource_usage.cost_usd) : "–"),
  ];
}
