// The admin's page of one execution: its timeline over SSE, and the parts that the server draws again.

import { Redrawing } from "./redrawing.js";
import { RunView } from "./run-view.js";
import { KINDS, Timeline } from "./timeline.js";

const root = document.getElementById("run");
const run = JSON.parse(document.getElementById("run-live").textContent);
const connection = root.querySelector("[data-cb=connection]");
const view = new RunView(root);
const timeline = new Timeline(root.querySelector("[data-cb=timeline]"), {
  runUrl: (id) => run.run_url.replace("RUN", id),
});
// The server draws reasons, figures, results, artifacts and the tree.
const REDRAWN_AFTER = new Set(["usage.recorded", "artifact.committed", "sub_execution.started", "sub_execution.finished"]);
const redrawing = new Redrawing(root);
timeline.isFollowing = run.finished_at === null;

function connected(word, is) {
  connection.textContent = word;
  connection.dataset.is = is;
}

// The log is read from its beginning; what the page already knows is drawn again, but not counted again.
function listen() {
  const source = new EventSource(run.events_url);
  const take = (message) => {
    const event = JSON.parse(message.data);
    timeline.add(event);
    const isNew = event.seq > run.seq;
    if (isNew || event.kind === "execution.progressed") view.apply(event);
    if (isNew && (REDRAWN_AFTER.has(event.kind) || event.data.state)) redrawing.soon();
  };
  for (const kind of KINDS) source.addEventListener(kind, take);
  source.addEventListener("gap", (message) => {
    const { from, to } = JSON.parse(message.data);
    timeline.gap(from, to);
  });
  source.onopen = () => connected(view.isEnded ? "complete" : "live", view.isEnded ? "done" : "live");
  source.onerror = () => {
    // After its last event the stream ends, which an EventSource takes for an error.
    if (view.isEnded) source.close();
    if (view.isEnded) connected("complete", "done");
    else if (source.readyState === EventSource.CLOSED) connected("not connected: reload to try again", "lost");
    else connected("connecting again", "lost");
  };
}

view.show(run, run.resource_usage);
listen();
