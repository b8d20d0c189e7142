// The head of a run: its state, progress, time and cost, kept up to date by its events.

import { count, dollars, duration } from "./format.js";

const ENDED = new Set(["succeeded", "failed", "cancelled"]);

export class RunView {
  // Finds its elements in `root` by `data-cb`; those that are missing are not kept up to date.
  constructor(root) {
    this.root = root;
    this.run = { state: null, started_at: null, finished_at: null };
    this.used = { input_tokens: 0, output_tokens: 0, cost_usd: 0 };
    setInterval(() => this.tick(), 200);
  }

  part(name) {
    return this.root.querySelector(`[data-cb="${name}"]`);
  }

  get isEnded() {
    return ENDED.has(this.run.state);
  }

  // Begin with what is known of the run; `used` is what the events to come add to.
  show(run, used) {
    this.run = { ...this.run, ...run };
    this.used = {
      input_tokens: Number(used.input_tokens),
      output_tokens: Number(used.output_tokens),
      cost_usd: Number(used.cost_usd),
    };
    this.draw();
  }

  apply({ kind, data }) {
    if (kind === "execution.progressed") this.progress(data);
    if (kind === "usage.recorded") {
      for (const name of Object.keys(this.used)) this.used[name] += Number(data[name]);
    }
    if (kind === "execution.cancel_requested") this.run.cancel_requested_at = data.cancel_requested_at;
    if (data.state && kind.startsWith("execution.")) {
      const { state, attempt, started_at, finished_at, failure_reason } = data;
      const told = { state, attempt, started_at, finished_at, failure_reason };
      for (const [name, value] of Object.entries(told)) if (value !== undefined) this.run[name] = value;
      this.run.why = data.error?.message;
      if (data.resource_usage) this.used = pick(data.resource_usage, this.used);
    }
    this.draw();
  }

  progress({ fraction, message }) {
    const bar = this.part("progress");
    if (bar) {
      bar.toggleAttribute("data-unknown", fraction === null || fraction === undefined);
      if (fraction !== null && fraction !== undefined) {
        bar.firstElementChild.style.width = `${Math.min(Math.max(fraction, 0), 1) * 100}%`;
        bar.setAttribute("aria-valuenow", Math.round(fraction * 100));
      }
    }
    this.write("message", message ?? "");
  }

  draw() {
    const { state } = this.run;
    this.root.classList.toggle("cb-live", !this.isEnded);
    const badge = this.part("state");
    if (badge && badge.dataset.state !== state) {
      badge.dataset.state = state;
      badge.textContent = state;
    }
    const bar = this.part("progress");
    if (bar) {
      bar.dataset.state = state;
      if (state === "succeeded") this.progressDone(bar);
      if (this.isEnded) bar.removeAttribute("data-unknown");
    }
    if (this.isEnded) this.write("message", "");
    this.write("asked", this.run.cancel_requested_at && !this.isEnded ? "Asked to stop" : "");
    this.write("why", state === "failed" ? [this.run.failure_reason, this.run.why].filter(Boolean).join(": ") : "");
    this.write("attempt", this.run.attempt > 1 ? `Attempt ${this.run.attempt}` : "");
    const { input_tokens: given, output_tokens: got } = this.used;
    this.write("tokens", given || got ? `${count(given)} → ${count(got)}` : "–");
    this.write("cost", dollars(this.used.cost_usd));
    this.tick();
  }

  progressDone(bar) {
    bar.firstElementChild.style.width = "100%";
    bar.setAttribute("aria-valuenow", 100);
  }

  tick() {
    const { started_at: from, finished_at: to } = this.run;
    if (from) this.write("elapsed", duration((to ? Date.parse(to) : Date.now()) - Date.parse(from)));
  }

  write(name, text) {
    const part = this.part(name);
    if (part && part.textContent !== text) part.textContent = text;
  }
}

function pick(usage, known) {
  return Object.fromEntries(Object.keys(known).map((name) => [name, Number(usage[name])]));
}
