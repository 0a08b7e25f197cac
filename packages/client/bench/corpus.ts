/** Bytes of an event stream, cut as a network would cut them, and all parsers read the same. */
export interface Corpus {
  frames: readonly string[];
  bytes: Uint8Array;
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
const seeded = (seed: number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const words = ["the", "answer", "is", "größer", "than", "世界", "expected", "👋", "because", "memory", "of"];

/** The name that the Anthropic SDK does not leave out; the others take any. */
const eventName = "content_block_delta";

const frame = (number: number, name: string, data: object): string =>
  `id: ${number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

const lastFrame = (number: number): string =>
  frame(number, "done", { type: "done", session_id: "sess_1", request_id: "req_1" });

const corpusOf = (frames: readonly string[]): Corpus => ({
  frames,
  bytes: new TextEncoder().encode(frames.join("")),
});

/** A long answer as it comes from a model: short pieces of text, and every 64th one long. */
export const chatCorpus = (events: number): Corpus => {
  const random = seeded(1);
  const piece = () =>
    Array.from(
      { length: 2 + Math.floor(random() * 4) },
      () => words[Math.floor(random() * words.length)],
    ).join(" ");
  const frames = Array.from({ length: events - 1 }, (_, index) => {
    const text = index % 64 === 63 ? Array.from({ length: 40 }, piece).join(" ") : piece();
    return frame(index + 1, eventName, { type: "text", text });
  });
  return corpusOf([...frames, lastFrame(events)]);
};

/** One event of this many bytes, and the end of the stream. */
export const longCorpus = (length: number): Corpus =>
  corpusOf([frame(1, eventName, { type: "text", text: "x".repeat(length) }), lastFrame(2)]);

/** Pieces of up to twice `size` bytes, `size` in the mean. */
export const cut = (bytes: Uint8Array, size: number): Uint8Array[] => {
  const random = seeded(2);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = start + 1 + Math.floor(random() * (2 * size - 1));
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
};

/** A response whose body is these pieces, one for each read. */
export const respond = (pieces: readonly Uint8Array[]): Response => {
  let next = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[next++];
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
};
