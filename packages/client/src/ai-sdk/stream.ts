import type { UIMessageChunk } from "ai";
import type { ChatEvent, ChatStream } from "muxi-client";
import { createChunker } from "./chunks.ts";

/** What is to be told of an answer that is read. */
interface Listener {
  /** The first events have arrived: the server has the message. */
  begun(): void;
  /** Nothing follows. */
  ended(error?: unknown): void;
  /** The reader has left; the answer goes on. */
  left(): void;
}

/**
 * An answer as the AI SDK reads it. The request leaves at once. Cancelling the stream or aborting it leaves the answer
 * without stopping it.
 *
 * @param id Of the message: the same when an answer is read again.
 * @param first Events that have been read already.
 * @param inStep Whether it goes on in the last step of a message that waited for its user.
 */
export const chunkStream = (
  answer: ChatStream,
  id: string,
  first: readonly ChatEvent[],
  signal: AbortSignal | undefined,
  inStep: boolean,
  { begun, ended, left }: Listener,
): ReadableStream<UIMessageChunk> => {
  const chunksOf = createChunker(id, inStep);
  /** The JSON of a value that is not whole yet. */
  let json = "";
  const batches = answer.batches();
  const opening = batches.next();
  let reading: typeof opening | undefined = opening;
  let isLeft = false;

  /** Of a value only what there is of it in the end: to read it again with each of its parts would take long. */
  const chunksIn = async (events: readonly ChatEvent[]): Promise<UIMessageChunk[]> => {
    const last = events.findLast(({ type }) => type === "object");
    if (!last) return events.flatMap((event) => chunksOf(event));
    const { partialJson } = await import("../formation/schemas.ts");
    return events.flatMap((event) => {
      if (event.type !== "object") return chunksOf(event);
      json = event.replace ? event.delta : json + event.delta;
      return event === last ? chunksOf(event, partialJson(json)) : [];
    });
  };

  const leave = () => {
    isLeft = true;
    left();
    // Not before the first event: until then the message may not have reached the server. What fails then has no reader.
    opening.then(() => answer.detach()).catch(() => undefined);
  };

  return new ReadableStream<UIMessageChunk>(
    {
      async start(controller) {
        const onAbort = () => {
          if (!isLeft) leave();
          controller.error(signal?.reason);
        };
        if (signal?.aborted) onAbort();
        else signal?.addEventListener("abort", onAbort, { once: true });
        opening.then(begun).catch(() => undefined);
        for (const chunk of await chunksIn(first)) if (!isLeft) controller.enqueue(chunk);
      },
      async pull(controller) {
        try {
          // Of some events nothing is shown, and a pull that brings nothing is the last.
          for (let isShown = false; !isShown; ) {
            const next = reading ?? batches.next();
            reading = undefined;
            const { done, value } = await next;
            const chunks = await chunksIn(value ?? []);
            if (isLeft) return;
            for (const chunk of chunks) controller.enqueue(chunk);
            isShown = chunks.length > 0;
            if (!done) continue;
            ended();
            return controller.close();
          }
        } catch (error) {
          if (isLeft) return;
          ended(error);
          throw error;
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
};
