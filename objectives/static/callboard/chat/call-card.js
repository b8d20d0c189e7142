// A tool call in the conversation: live from the moment its id is known, decided where it waits for a person.

import { badge, el, foreign, isPicture, jsonBlock, ownAddress } from "../dom.js";
import { bytes, dollars, duration } from "../format.js";
import { Timeline } from "../timeline.js";

const WORDS = {
  "input-streaming": "queued",
  "input-available": "queued",
  "approval-requested": "waiting",
  "approval-responded": "running",
  running: "running",
  "output-available": "succeeded",
  "output-error": "failed",
  "output-denied": "cancelled",
};
const TABLE = /\.csv$/i;
const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const ROWS = 12; // of a table's preview

export class CallCard {
  constructor(page, part, on) {
    Object.assign(this, { page, on, part });
    this.badge = badge(WORDS[part.state] ?? "queued");
    this.name = el("strong", { class: "chat-call-name" }, foreign(part.name));
    this.figures = el("span", { class: "cb-dim chat-call-figures" });
    this.message = el("bdi", { class: "cb-dim" });
    this.bar = el("div", { class: "cb-progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100", hidden: true }, el("span"));
    this.decision = el("div", { class: "chat-decision" });
    this.results = el("div", { class: "chat-results" });
    this.input = el("details", {}, el("summary", {}, "Arguments"));
    this.output = el("details", { hidden: true }, el("summary", {}, "Result"));
    this.list = el("ol", { class: "cb-timeline", tabindex: "0", "aria-label": "Events" });
    this.log = el("details", { hidden: true }, el("summary", {}, "Timeline"), this.list);
    this.problem = el("p", { class: "cb-note is-failed", dir: "auto" });
    const head = el("div", { class: "chat-call-head" }, this.badge, this.name, this.message, this.figures);
    this.element = el("section", { class: "cb-card chat-call", "aria-label": `Tool call ${part.name}` });
    this.element.append(head, this.bar, this.problem, this.decision, this.results, this.input, this.output, this.log);
    this.following = page.client.followCall(part.id);
    this.following.on("event", (event) => this.hear(event));
    this.following.on("error", () => {}); // a call of no skill has no execution to follow
  }

  close() {
    this.following.close();
    clearInterval(this.ticking);
  }

  show(part) {
    this.part = part;
    this.draw(this.run && !ENDED.has(this.run.state) ? this.run.state : (WORDS[part.state] ?? "queued"));
    if (part.input !== undefined && this.input.children.length < 2) this.input.append(jsonBlock(part.input));
    if (part.output !== undefined && this.output.hidden) {
      this.output.hidden = false;
      this.output.append(typeof part.output === "string" ? el("pre", { class: "cb-json", tabindex: "0" }, part.output) : jsonBlock(part.output));
    }
    this.problem.textContent = part.problem;
    const asks = part.isAwaited ? "decision" : part.isWanting ? "content" : "";
    if (this.asks === asks) return;
    this.asks = asks;
    this.decision.replaceChildren(...(asks === "decision" ? this.askToDecide() : asks === "content" ? this.askForContent() : []));
  }

  draw(state) {
    if (this.badge.dataset.state !== state) {
      this.badge.dataset.state = state;
      this.badge.textContent = state;
    }
    this.bar.dataset.state = state;
  }

  askToDecide() {
    const memo = el("input", { class: "chat-line", "aria-label": "Why not (optional)", placeholder: "Why not? (optional)", dir: "auto" });
    const approve = el("button", { class: "cb-button is-primary", type: "button" }, "Approve");
    const deny = el("button", { class: "cb-button", type: "button" }, "Deny");
    approve.addEventListener("click", () => this.attempt([approve, deny], () => this.on.approve(this.part)));
    deny.addEventListener("click", () => this.attempt([approve, deny], () => this.on.deny(this.part, memo.value)));
    this.input.open = true;
    return [el("p", {}, "This call waits for your decision."), el("div", { class: "chat-verbs" }, approve, deny, memo)];
  }

  askForContent() {
    const content = el("textarea", { class: "chat-text", rows: "2", "aria-label": "Result of the call", dir: "auto", required: true });
    const give = el("button", { class: "cb-button is-primary" }, "Give");
    const form = el("form", { class: "chat-editor" }, content, el("div", { class: "chat-verbs" }, give));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.attempt([give], () => this.on.content(this.part, content.value));
    });
    return [el("p", {}, "This call waits for its result."), form];
  }

  // Whoever was faster, or what went wrong, is told; then it can be tried again.
  async attempt(buttons, act) {
    this.problem.textContent = "";
    for (const button of buttons) button.disabled = true;
    try {
      await act();
    } catch (error) {
      this.problem.textContent = error.message;
      for (const button of buttons) button.disabled = false;
    }
  }

  // What becomes of the execution that this call has dispatched, if it is one of a skill.
  hear(event) {
    const { kind, data } = event;
    if (!this.run) {
      this.run = { id: event.execution_id, state: "queued" };
      this.timeline = new Timeline(this.list, { runUrl: (id) => `/spaces/${this.page.space}/executions/${id}` });
      this.log.hidden = false;
      this.ticking = setInterval(() => this.tick(), 500);
    }
    this.timeline.add(event);
    if (kind === "execution.progressed") this.progress(data);
    if (data.state && kind.startsWith("execution.")) Object.assign(this.run, pick(data));
    this.draw(this.run.state);
    this.tick();
    if (kind === "artifact.committed" || ENDED.has(data.state)) this.reread();
  }

  progress({ fraction, message }) {
    this.bar.hidden = false;
    const isKnown = fraction !== null && fraction !== undefined;
    this.bar.toggleAttribute("data-unknown", !isKnown);
    if (isKnown) {
      const share = Math.min(Math.max(fraction, 0), 1) * 100;
      this.bar.firstElementChild.style.width = `${share}%`;
      this.bar.setAttribute("aria-valuenow", Math.round(share));
    }
    this.message.textContent = message ?? "";
  }

  tick() {
    const { started_at: from, finished_at: to, cost } = this.run;
    const time = from ? duration((to ? Date.parse(to) : Date.now()) - Date.parse(from)) : "";
    this.figures.textContent = [time, cost].filter(Boolean).join(" · ");
    if (ENDED.has(this.run.state)) {
      clearInterval(this.ticking);
      this.bar.hidden = true;
      this.message.textContent = "";
    }
  }

  reread() {
    this.rereading ??= setTimeout(async () => {
      this.rereading = null;
      try {
        const { data } = await this.page.client.get(`/v1/spaces/${this.page.space}/skills/executions/${this.run.id}?usage=total`);
        this.run.cost = dollars(data.resource_usage.cost_usd);
        this.results.replaceChildren(...data.artifacts.map((artifact) => this.artifact(artifact)));
        this.tick();
      } catch {
        // The timeline names its artifacts meanwhile; the page of the execution shows them too.
      }
    }, 100);
  }

  artifact({ artifact_id: id, relpath_in_workspace: path, size_bytes: size, download_url: link }) {
    const href = ownAddress(link);
    const name = path ?? id;
    const label = el("span", { class: "chat-chip" }, foreign(name), ` ${bytes(size ?? 0)}`);
    const figure = el("figure", { class: "chat-artifact" });
    if (isPicture(name)) figure.append(el("a", { href }, el("img", { src: href, alt: name, loading: "lazy" })));
    figure.append(el("figcaption", {}, el("a", { href }, label)));
    if (TABLE.test(name) && size < 200000) this.preview(href, figure);
    return figure;
  }

  async preview(href, figure) {
    const answer = await fetch(href);
    if (!answer.ok) return;
    const rows = rowsOf(await answer.text()).slice(0, ROWS);
    const cells = (row, tag) => row.map((cell) => el(tag, {}, cell));
    const [first, ...rest] = rows;
    if (!first) return;
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...cells(first, "th"))));
    table.append(el("tbody", {}, ...rest.map((row) => el("tr", {}, ...cells(row, "td")))));
    figure.prepend(el("div", { class: "md-table", tabindex: "0" }, table));
  }
}

function pick({ state, started_at, finished_at }) {
  const told = { state, started_at, finished_at };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

// Rows of a CSV text, with quotes as RFC 4180 has them.
function rowsOf(text) {
  const rows = [];
  let row = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    if (end === "" || rows.length > ROWS) break;
  }
  return rows;
}
