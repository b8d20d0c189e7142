// A run's events as a list that grows: text is joined, a call and its return are one entry.

import { badge, el, foreign, jsonBlock } from "./dom.js";
import { bytes, count, dollars, duration, moment } from "./format.js";

const MOST_ENTRIES = 1000; // older ones leave the page; the API has them
const MOST_TEXT = 200000; // characters of one joined text

const STATES = {
  "execution.queued": "queued",
  "execution.started": "running",
  "execution.retried": "queued",
  "execution.succeeded": "succeeded",
  "execution.failed": "failed",
  "execution.cancelled": "cancelled",
};

export class Timeline {
  // `runUrl` makes the address of a sub-execution's page from its id; null where there is none.
  constructor(list, { runUrl = null } = {}) {
    this.list = list;
    this.runUrl = runUrl;
    this.queuedAt = null; // ms: since when the run waits, or waited before it began
    this.startedAt = null; // ms: when it first began, which times inside it count from
    this.phase = null; // the step of its work that the newest progress is of
    this.hiddenCount = 0;
    this.openTools = new Map();
    this.openCalls = new Map();
    this.last = { kind: null, body: null, text: null };
    this.isFollowing = true; // whether the end stays in view while events come
  }

  add(event) {
    const follows = this.isFollowing && this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    this.queuedAt ??= Date.parse(event.at);
    const draw = DRAWN[event.kind] ?? unknown;
    draw(this, event);
    this.trim();
    if (follows) this.list.scrollTop = this.list.scrollHeight;
  }

  gap(from, to) {
    this.entry({ kind: "gap", at: null, data: {} }, `Events ${from} to ${to} are no longer kept.`);
  }

  entry(event, ...content) {
    const body = el("div", { class: "cb-entry-body" }, ...content);
    const offset = event.at === null ? "" : duration(Date.parse(event.at) - (this.startedAt ?? this.queuedAt));
    const time = el("time", { datetime: event.at, title: event.at && moment(event.at) }, offset);
    const item = el("li", { class: "cb-entry", dataset: { kind: event.kind } }, time, body);
    const state = STATES[event.kind];
    if (state) item.dataset.state = state;
    this.list.append(item);
    this.last = { kind: event.kind, body, text: null };
    return item;
  }

  trim() {
    while (this.list.children.length > MOST_ENTRIES) {
      this.list.firstElementChild.remove();
      this.hiddenCount += 1;
    }
    if (this.hiddenCount) this.list.dataset.hidden = this.hiddenCount;
  }
}

// `dir` sets a text apart from the line around it: much of this is what models and scripts invent.
function strong(text) {
  return el("b", { dir: "auto" }, text);
}

function dim(text) {
  return el("span", { class: "cb-dim", dir: "auto" }, text);
}

function streamed(text, look = "") {
  return el("p", { class: `cb-streamed${look}`, dir: "auto", tabindex: "0" }, text);
}

function folded(summary, value) {
  const empty = value === null || value === undefined || (typeof value === "object" && !Object.keys(value).length);
  return empty ? el("div", {}, ...summary) : el("details", {}, el("summary", {}, ...summary), jsonBlock(value));
}

function queued(timeline, event, ...content) {
  timeline.queuedAt = Date.parse(event.at);
  timeline.entry(event, ...content);
}

function started(timeline, event) {
  const at = Date.parse(event.at);
  const { attempt } = event.data;
  timeline.startedAt ??= at;
  timeline.phase = null;
  const which = attempt > 1 ? ` attempt ${attempt},` : "";
  timeline.entry(event, strong("Started"), dim(`${which} after ${duration(at - timeline.queuedAt)} in the queue`));
}

function progressed(timeline, event) {
  const { fraction, message } = event.data;
  const { phase } = timeline;
  const at = Date.parse(event.at);
  const share = fraction === null || fraction === undefined ? "" : ` ${Math.round(fraction * 100)} %`;
  // `Column 2 of 17` goes on with what `Column 1 of 17` began.
  const kind = (message ?? "").replace(/\p{Nd}+/gu, "0");
  if (phase && (!message || kind === phase.kind)) {
    // The step goes on: its entry keeps the time at which it began, and tells when it had come how far.
    if (message) phase.words.textContent = message;
    phase.share.textContent = `${share} after ${duration(at - phase.at)}`;
    return;
  }
  // A new step ends a text that was being written, so that each stands where it happened.
  const words = foreign(message || "Progress");
  const told = dim(share);
  timeline.entry(event, words, " ", told);
  timeline.phase = { kind, words, share: told, at };
}

function text(timeline, event) {
  const piece = event.data.text;
  if (timeline.last.text) {
    const joined = timeline.last.text;
    const follows = joined.scrollHeight - joined.scrollTop - joined.clientHeight < 30;
    joined.append(piece);
    if (joined.textContent.length > MOST_TEXT) joined.textContent = joined.textContent.slice(-MOST_TEXT);
    if (follows) joined.scrollTop = joined.scrollHeight;
    return;
  }
  const block = streamed(piece);
  timeline.entry(event, block);
  timeline.last.text = block;
}

function toolCalled(timeline, event) {
  const { call_id: callId, name, arguments: given } = event.data;
  const outcome = dim(" …");
  const item = timeline.entry(event, folded([strong(name), outcome], given));
  timeline.openTools.set(callId, { outcome, item, at: Date.parse(event.at) });
}

function toolReturned(timeline, event) {
  const { call_id: callId, name, is_error: isError, summary } = event.data;
  const open = timeline.openTools.get(callId);
  const word = isError ? "failed" : "returned";
  if (!open) {
    timeline.entry(event, folded([strong(name), dim(` ${word}`)], summary));
    return;
  }
  timeline.openTools.delete(callId);
  open.outcome.textContent = ` ${word} after ${duration(Date.parse(event.at) - open.at)}`;
  open.item.dataset.state = isError ? "failed" : "succeeded";
  if (summary) open.item.querySelector(".cb-entry-body").append(streamed(summary, " is-result"));
  timeline.last.text = null;
}

function callStarted(timeline, event) {
  const { execution_id: id, skill_slug: slug, skill_version: version, call_key: key } = event.data;
  const name = `${slug} ${version ?? ""}`;
  const link = timeline.runUrl ? el("a", { class: "cb-link", href: timeline.runUrl(id) }, name) : strong(name);
  const state = el("span", {}, badge("running"));
  timeline.entry(event, "Calls ", link, " ", state, " ", dim(key));
  timeline.openCalls.set(id, state);
}

function callFinished(timeline, event) {
  const { execution_id: id, state, failure_reason: reason } = event.data;
  const open = timeline.openCalls.get(id);
  if (open) open.replaceChildren(badge(state), reason ? dim(` ${reason}`) : "");
  else timeline.entry(event, "A call is over: ", badge(state));
}

function unknown(timeline, event) {
  timeline.entry(event, folded([strong(event.kind)], event.data));
}

const DRAWN = {
  "execution.queued": (timeline, event) =>
    queued(timeline, event, strong("Queued"), dim(event.data.source ? ` from ${event.data.source}` : "")),
  "execution.started": started,
  "execution.progressed": progressed,
  "execution.retried": (timeline, event) =>
    queued(timeline, event, strong("Back in the queue"), dim(` ${event.data.reason ?? ""}`)),
  "execution.cancel_requested": (timeline, event) => timeline.entry(event, strong("Asked to stop")),
  "execution.succeeded": (timeline, event) => timeline.entry(event, strong("Succeeded")),
  "execution.failed": (timeline, event) =>
    timeline.entry(event, strong("Failed"), ` ${event.data.failure_reason}: `, dim(event.data.error?.message ?? "")),
  "execution.cancelled": (timeline, event) => timeline.entry(event, strong("Cancelled")),
  "text.appended": text,
  "tool.called": toolCalled,
  "tool.returned": toolReturned,
  "artifact.committed": (timeline, event) =>
    timeline.entry(event, "Kept ", strong(event.data.relpath_in_workspace), dim(` ${bytes(event.data.size_bytes)}`)),
  "usage.recorded": (timeline, event) => {
    const { model, input_tokens: given, output_tokens: got, cost_usd: cost } = event.data;
    timeline.entry(event, foreign(model ?? "Usage"), `: ${count(given)} → ${count(got)} tokens `, dim(dollars(cost)));
  },
  "sub_execution.started": callStarted,
  "sub_execution.finished": callFinished,
};

// Every kind that a run's log holds, for an EventSource, which has to ask for each by name.
export const KINDS = Object.keys(DRAWN);
