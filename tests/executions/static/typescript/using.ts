// What a page in TypeScript writes, with what it must not.
import { CallboardError, connect, type Said } from "./callboard.js";

const client = connect({ url: "https://callboard.example.com", ticket: async () => "cbt_1", space: "s" });

export async function follow(): Promise<string> {
  const run = client.followCall("call_7", { after: null, threadId: "t" });
  run.on("waiting", ({ tool_call_id }) => tool_call_id.trim());
  run.on("error", (error) => error.code.trim());
  const off: () => void = run.on("event", ({ kind, data }) => console.log(kind, data.state));
  off();
  try {
    for await (const item of run) if (item.type === "event") console.log(item.kind, item.at);
  } catch (error) {
    if (error instanceof CallboardError) return error.code;
  }
  return (await run.done())?.kind ?? "";
}

export async function talk(): Promise<Said> {
  const thread = client.thread();
  await thread.approve("toolcall_1");
  await thread.deny("toolcall_1", "too dear");
  await thread.content("toolcall_1", [{ type: "text", text: "42" }]);
  // @ts-expect-error a thread has no such verb
  await thread.shout("hello");
  // @ts-expect-error there is no such event
  thread.on("events", () => {});
  return thread.say("hello", { files: ["a.csv"] });
}
