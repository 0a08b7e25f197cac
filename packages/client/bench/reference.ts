/** What a frame holds once it is read. */
export interface Frame {
  id: string | number;
  event: string;
  data: unknown;
}

/** Takes the next piece of the text. */
type Feed = (chunk: string) => void;

/**
 * The parser that one writes by hand where no package is wanted: lines cut by `indexOf`, LF alone, no limits. It is
 * the measure of what a parser must cost.
 */
const feedByHand = (onFrame: (frame: Frame) => void): Feed => {
  let rest = "";
  let id = "";
  let event = "";
  let data = "";

  const line = (text: string) => {
    if (text === "") {
      if (data !== "") onFrame({ id, event, data: JSON.parse(data) });
      event = "";
      data = "";
    } else if (text.startsWith("data: ")) data = data === "" ? text.slice(6) : `${data}\n${text.slice(6)}`;
    else if (text.startsWith("event: ")) event = text.slice(7);
    else if (text.startsWith("id: ")) id = text.slice(4);
  };

  return (chunk) => {
    if (!chunk.includes("\n")) {
      rest += chunk;
      return;
    }
    const text = rest + chunk;
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      line(text.slice(start, end));
      start = end + 1;
    }
    rest = text.slice(start);
  };
};

/** The frames of a response: one reader, one decoder, a queue behind an async iterator, no timeouts, no resume. */
export const readByHand = (response: Response, feeder = feedByHand): AsyncIterableIterator<Frame> => {
  if (response.body === null) throw new Error("The response has no body");
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const queue: Frame[] = [];
  let head = 0;
  const feed = feeder((frame) => queue.push(frame));

  const fill = async (): Promise<IteratorResult<Frame>> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { done: true, value: undefined };
      feed(decoder.decode(value, { stream: true }));
      const frame = queue[head];
      if (frame !== undefined) {
        head++;
        return { done: false, value: frame };
      }
    }
  };

  return {
    next() {
      const frame = queue[head];
      if (frame !== undefined) {
        head++;
        return Promise.resolve({ done: false, value: frame });
      }
      queue.length = 0;
      head = 0;
      return fill();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};
