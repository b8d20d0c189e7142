// A chat's tool call card: holds a tool call id (or an execution's), shows what becomes of it.

import { badge, el, foreign, isPicture, jsonBlock, ownAddress, when } from "./dom.js";
import { bytes, count, dollars } from "./format.js";
import { RunView } from "./run-view.js";
import { Timeline } from "./timeline.js";
import { admit, tellConnection } from "./visitor.js";

const page = document.getElementById("watch");
const { space, call, execution, signedIn } = page.dataset;
const connection = document.querySelector("[data-cb=connection]");
const waiting = document.getElementById("waiting");
const results = document.getElementById("results");
const REREAD_AFTER = new Set(["artifact.committed", "sub_execution.started", "sub_execution.finished"]);
const REPLAYED_WITHIN = 2500; // ms after which an end was watched, not looked up
const WORDS = { live: "live", lost: "connecting again", over: "complete" };

function start(client, turnAway) {
  const view = new RunView(page);
  const timeline = new Timeline(page.querySelector("[data-cb=timeline]"), { runUrl });
  let runId = null;
  let rereading = null;

  const reread = async () => {
    rereading = null;
    try {
      const { data } = await client.get(`/v1/spaces/${space}/skills/executions/${runId}?usage=total`);
      drawResults(data, view);
    } catch {
      rereading ??= setTimeout(reread, 3000);
    }
  };
  const take = (event) => {
    if (runId === null) {
      runId = event.execution_id;
      waiting.hidden = true;
      page.hidden = false;
      drawName(event.data);
    }
    timeline.add(event);
    view.apply(event);
    // The document's title tells the state where the tab is in the background.
    document.title = `${view.run.state ?? ""} · ${call || execution}`;
    if (REREAD_AFTER.has(event.kind) || event.data.state) rereading ??= setTimeout(reread, 120);
  };
  const run = execution ? client.followExecution(execution) : client.followCall(call);
  run.on("waiting", () => (waiting.hidden = false));
  run.on("event", take);
  run.on("gap", ({ from, to }) => timeline.gap(from, to));
  run.on("ended", () => {
    if (performance.now() < REPLAYED_WITHIN) timeline.list.scrollTop = 0;
  });
  run.on("error", (error) => {
    waiting.hidden = true;
    turnAway(error);
  });
  tellConnection(client, run, (word) => {
    connection.textContent = WORDS[word];
    connection.dataset.is = word;
  });
}

function runUrl(id) {
  return `/spaces/${space}/executions/${id}`;
}

function drawName({ skill_slug: slug, skill_version: version, chat_tool_call_id: callId }) {
  page.querySelector("[data-cb=call]").textContent = callId ?? execution;
  page.querySelector("[data-cb=skill]").replaceChildren(slug, " ", el("span", { class: "cb-dim" }, version ?? ""));
}

function drawResults(run, view) {
  view.write("total", dollars(run.resource_usage.cost_usd));
  page.querySelector("[data-cb=with-calls]").hidden = !run.sub_executions.length;
  const cards = [];
  if (run.error) cards.push(card("Error", jsonBlock(run.error)));
  if (run.artifacts.length) cards.push(card("Artifacts", artifactList(run.artifacts), count(run.artifacts.length)));
  if (run.outputs) cards.push(card("Outputs", jsonBlock(run.outputs)));
  if (run.sub_executions.length) cards.push(card("Calls", callList(run.sub_executions)));
  cards.push(card("Inputs", jsonBlock(run.inputs)));
  cards.push(card("Facts", facts(run)));
  results.replaceChildren(...cards);
}

function card(title, content, note) {
  const heading = el("h2", {}, title, note ? el("small", {}, note) : null);
  return el("section", { class: "cb-card" }, heading, content);
}

function artifactList(artifacts) {
  const isShown = ({ relpath_in_workspace: path }) => isPicture(path ?? "");
  const sorted = artifacts.toSorted((one, other) => isShown(other) - isShown(one));
  const items = sorted.map((artifact) => {
    const href = ownAddress(artifact.download_url);
    const name = artifact.relpath_in_workspace ?? artifact.artifact_id;
    const isImage = isShown(artifact);
    const label = el(
      "span",
      { class: "cb-artifact-name" },
      el("span", {}, foreign(name)),
      el("span", {}, foreign(artifact.document_type ?? ""), ` ${bytes(artifact.size_bytes ?? 0)}`),
    );
    const picture = isImage ? el("img", { src: href, alt: name, loading: "lazy" }) : null;
    return el("li", { class: isImage ? "cb-artifact is-image" : "cb-artifact" }, el("a", { href }, picture, label));
  });
  return el("ul", { class: "cb-artifacts" }, ...items);
}

function callList(runs) {
  const items = runs.map((run) => {
    const cost = el("span", { class: "cb-dim" }, dollars(run.resource_usage.cost_usd));
    return el("li", {}, el("a", { href: runUrl(run.id) }, badge(run.state), ` ${run.skill_slug} `, cost));
  });
  return el("ul", { class: "cb-tree" }, ...items);
}

function facts(run) {
  const known = {
    Execution: run.id,
    Thread: run.chat_thread_id,
    Message: run.chat_message_id,
    Source: run.source,
    Created: when(run.created_at),
    Started: run.started_at && when(run.started_at),
    Finished: run.finished_at && when(run.finished_at),
    Iterations: run.resource_usage.iteration_count || null,
    Trace: run.langfuse_trace_id,
  };
  const list = el("dl", { class: "cb-facts cb-card-body" });
  for (const [term, value] of Object.entries(known)) {
    if (value) list.append(el("dt", {}, term), el("dd", { class: "cb-id" }, value instanceof Element ? value : foreign(value)));
  }
  return list;
}

admit(document.getElementById("sign-in"), { space, isSignedIn: signedIn === "true" }, start);
