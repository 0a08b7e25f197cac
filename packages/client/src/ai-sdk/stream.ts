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
 * @param goesOn Whether it goes on with a message that waited for its user.
 */
export const chunkStream = (
  answer: ChatStream,
  id: string,
  first: readonly ChatEvent[],
  signal: AbortSignal | undefined,
  goesOn: boolean,
  { begun, ended, left }: Listener,
): ReadableStream<UIMessageChunk> => {
  const chunksOf = createChunker(id, goesOn);
  const batches = answer.batches();
  const opening = batches.next();
  let reading: typeof opening | undefined = opening;
  let isLeft = false;

  const leave = () => {
    isLeft = true;
    left();
    // Not before the first event: until then the message may not have reached the server. What fails then has no reader.
    opening.then(() => answer.detach()).catch(() => undefined);
  };

  return new ReadableStream<UIMessageChunk>(
    {
      start(controller) {
        for (const chunk of first.flatMap(chunksOf)) controller.enqueue(chunk);
        const onAbort = () => {
          if (!isLeft) leave();
          controller.error(signal?.reason);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        opening.then(begun).catch(() => undefined);
      },
      async pull(controller) {
        const next = reading ?? batches.next();
        reading = undefined;
        try {
          const { done, value } = await next;
          if (isLeft) return;
          for (const chunk of (value ?? []).flatMap(chunksOf)) controller.enqueue(chunk);
          if (!done) return;
          ended();
          controller.close();
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
