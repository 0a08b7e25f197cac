import type { ChatEvent } from "./chat-events.ts";

/** What is read of a chat stream. */
export interface Events extends AsyncIterator<ChatEvent> {
  /** Number of the event that was read last. */
  readonly position: number;
  /** Leaves the stream. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a web server may tell its own clients of a failure. */
export interface Refusal {
  code: string;
  message: string;
  statusCode: number;
  retryAfter: number | undefined;
}

const encoder = new TextEncoder();

const frame = <Event extends { type: string }>(event: Event, id?: number): Uint8Array =>
  encoder.encode(`${id ? `id: ${id}\n` : ""}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

/** An event as its frame has it. An unknown one is sent on under the name that its server gave it. */
const sent = (event: ChatEvent) => {
  if (event.type === "text") return { ...event, content: undefined };
  return event.type === "unknown" ? { ...event, type: event.kind } : event;
};

/** Milliseconds of silence after which a response has a comment, as a formation's own has. */
const keepAliveAfter = 1_000;

/** What a read comes to, or undefined when it takes so long that the reader should hear something. */
const unlessSilent = async <Value>(read: Promise<Value>): Promise<Value | undefined> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), keepAliveAfter);
  });
  try {
    return await Promise.race([read, silence]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * The frames of a chat stream, with comments while it is silent. They are apart from the stream, because only programs
 * that pass it on need them: pages load no byte of this.
 *
 * @param refusalOf What is told of a failure.
 */
export async function* framesOf(
  events: Events,
  refusalOf: (error: unknown) => Refusal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    let read = events.next();
    for (;;) {
      const result = await unlessSilent(read);
      if (result?.done) return;
      if (result) {
        yield frame(sent(result.value), events.position);
        read = events.next();
      } else {
        yield encoder.encode(": keepalive\n\n");
      }
    }
  } catch (error) {
    const { code, message, retryAfter } = refusalOf(error);
    yield frame({ type: "error", code, message, error: message, retry_after: retryAfter });
  }
}
