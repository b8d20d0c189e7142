// Reads one stream from standard input by the package of its format; writes what came of it as JSON.
import { readFileSync } from "node:fs";

const [format, before] = process.argv.slice(2);
const bytes = readFileSync(0);
const body = () => new Response(bytes).body;

async function uiMessageStream() {
  const { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } = await import("ai");
  const chunks = [];
  const stream = parseJsonEventStream({ stream: body(), schema: uiMessageChunkSchema }).pipeThrough(
    new TransformStream({
      transform(result, controller) {
        if (!result.success) throw result.error;
        chunks.push(result.value.type);
        controller.enqueue(result.value);
      },
    }),
  );
  const errors = [];
  let message = null;
  const known = before ? JSON.parse(before) : undefined;
  for await (const one of readUIMessageStream({ stream, message: known, onError: (e) => errors.push(String(e)) })) message = one;
  return { chunks, message, errors };
}

async function assistant(decoder) {
  const { AssistantMessageAccumulator } = await import("assistant-stream");
  let message = null;
  const stream = body().pipeThrough(decoder).pipeThrough(new AssistantMessageAccumulator());
  for await (const one of stream) message = one;
  return { message };
}

async function agUi() {
  const { parseSSEStream, runHttpRequest, transformHttpEventStream, verifyEvents } = await import("@ag-ui/client");
  const { lastValueFrom, toArray } = await import("rxjs");
  const response = () => Promise.resolve(new Response(bytes, { headers: { "content-type": "text/event-stream" } }));
  const events = transformHttpEventStream(runHttpRequest(response)).pipe(verifyEvents(false), toArray());
  return { events: await lastValueFrom(events) };
}

const { DataStreamDecoder, AssistantTransportDecoder, UIMessageStreamDecoder } = await import("assistant-stream");
const readers = {
  "ui-message-stream": uiMessageStream,
  "ui-message-stream-by-assistant-ui": () => assistant(new UIMessageStreamDecoder()),
  "data-stream": () => assistant(new DataStreamDecoder()),
  "assistant-transport": () => assistant(new AssistantTransportDecoder()),
  "ag-ui": agUi,
};
process.stdout.write(JSON.stringify(await readers[format]()));
