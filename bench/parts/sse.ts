import { createParser } from "eventsource-parser";
import { createSseParser } from "../../packages/client/src/stream/sse.ts";
import { type Comparison, cpuOf, type Part } from "./part.ts";

const events = Array.from(
  { length: 2_000 },
  (_, index) => `id: ${index + 1}\nevent: text\ndata: {"type":"text","text":"word${index} "}\n\n`,
);
const times = 20;

const cut = (text: string, length: number): string[] =>
  Array.from({ length: Math.ceil(text.length / length) }, (_, index) =>
    text.slice(index * length, (index + 1) * length),
  );

/** Both give name, data and number of each event: that is what a stream's reader needs. */
const ours = (chunks: readonly string[]): number => {
  let seen = 0;
  const parser = createSseParser((name, data, number) => {
    seen += name.length + data.length + number;
  });
  for (const chunk of chunks) parser.feed(chunk);
  parser.end();
  return seen;
};

const theirs = (chunks: readonly string[]): number => {
  let seen = 0;
  const parser = createParser({
    onEvent({ event = "message", data, id }) {
      seen += event.length + data.length + Number(id);
    },
  });
  for (const chunk of chunks) parser.feed(chunk);
  parser.reset({ consume: true });
  return seen;
};

const comparison = (label: string, chunks: readonly string[]): Comparison => {
  const expected = ours(chunks);
  const sample = (parse: (chunks: readonly string[]) => number) =>
    cpuOf(() => {
      for (let time = 0; time < times; time++) {
        if (parse(chunks) !== expected) throw new Error("the parsers read different events");
      }
      return times * events.length;
    });
  return {
    label,
    unit: "µs per event",
    contenders: [
      { name: "ours", sample: sample(ours) },
      { name: "eventsource-parser", sample: sample(theirs) },
    ],
  };
};

const whole = events.join("");

export const sse: Part = {
  name: "sse",
  page: "sse-parsers.md",
  open: () => ({
    comparisons: [
      comparison("an event per chunk", events),
      comparison("eight events per chunk", cut(whole, Math.ceil(whole.length / 250))),
      comparison("64 KB per chunk", cut(whole, 65_536)),
      comparison("chunks of 37 characters", cut(whole, 37)),
    ],
  }),
};
