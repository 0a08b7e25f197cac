import type { ChatWireEvent } from "@muxi/protocol";
import { expect, test } from "vitest";
import { EventLog } from "./log.ts";

const progress: ChatWireEvent = { type: "progress", session_id: "s", request_id: "r", timestamp: 1 };
const error: ChatWireEvent = { type: "error", code: "LLM_ERROR", message: "No", error: "No" };

/** A log with a progress event, three deltas of text and an end: events 1 to 5. */
const filledLog = (): EventLog => {
  const log = new EventLog();
  log.append(progress);
  log.appendText(["Hel", "lo"]);
  log.appendText([' "wörld"\n']);
  log.end(error);
  return log;
};

const idsIn = (frames: string) => [...frames.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

test("a listener hears what a later reader is told", () => {
  const log = new EventLog();
  let heard = "";
  log.append(progress);
  const seen = log.framesAfter(0).frames;
  log.listen((frames) => {
    heard += frames;
  });
  log.appendText(["Hel", "lo"]);
  log.end(error);
  expect(seen + heard).toBe(log.framesAfter(0).frames);
  expect(idsIn(seen + heard)).toEqual([1, 2, 3, 4]);
});

test.each([0, 1, 2, 3, 4, 5])(
  "the frames after %i continue without a gap and with the same text",
  (after) => {
    const frames = filledLog().framesAfter(after).frames;
    expect(idsIn(frames)).toEqual([1, 2, 3, 4, 5].slice(after));
    const texts = [...frames.matchAll(/^data: (.*)$/gm)]
      .map(([, json]) => JSON.parse(json ?? ""))
      .flatMap((data) => (data.type === "text" ? [data.text] : []));
    expect(texts).toEqual(["Hel", "lo", ' "wörld"\n'].slice(Math.max(0, after - 1)));
  },
);

test("the past comes in parts of the size that is asked for, and together they are the whole", () => {
  const log = filledLog();
  let joined = "";
  const ends: number[] = [];
  while (ends.at(-1) !== log.lastSeq) {
    const { frames, lastSeq } = log.framesAfter(ends.at(-1) ?? 0, 1);
    joined += frames;
    ends.push(lastSeq);
  }
  expect(joined).toBe(log.framesAfter(0).frames);
  expect(ends).toEqual([1, 2, 3, 4, 5]);
});

test("whoever stopped listening hears nothing more", () => {
  const log = new EventLog();
  let calls = 0;
  const stop = log.listen(() => {
    calls += 1;
  });
  log.appendText(["a"]);
  stop();
  log.appendText(["b"]);
  expect([calls, log.heard, log.text]).toEqual([1, false, "ab"]);
});

test("a log of a later attempt has higher ids, and is told from its start to those who know an earlier one", () => {
  const first = new EventLog();
  first.append(progress);
  first.appendText(["a", "b"]);
  const second = new EventLog(1);
  expect(second.lastSeq).toBe(0);
  second.append(progress);
  second.appendText(["c"]);
  const whole = second.framesAfter(0);
  expect(idsIn(whole.frames)).toEqual([2 ** 20 + 1, 2 ** 20 + 2]);
  for (const seen of [1, first.lastSeq, 2 ** 20]) expect(second.framesAfter(seen)).toEqual(whole);
  expect(idsIn(second.framesAfter(2 ** 20 + 1).frames)).toEqual([2 ** 20 + 2]);
});

test.each(["in parts", "as a whole"])("a reader elsewhere takes up a later attempt %s", (how) => {
  const reader = new EventLog();
  let heard = "";
  reader.listen((frames) => {
    heard += frames;
  });
  const first = new EventLog();
  first.append(progress);
  first.appendText(["Hel"]);
  const { after, events } = first.partAfter(0);
  reader.addPart(after, events);
  expect(heard).toBe(first.framesAfter(0).frames);

  heard = "";
  const second = new EventLog(2);
  second.append(progress);
  second.appendText(["Good", " day"]);
  if (how === "in parts") {
    const seen = second.partAfter(reader.lastSeq);
    reader.addPart(seen.after, seen.events);
    reader.addPart(after, events);
    expect(reader.closed).toBe(false);
  }
  reader.takeUp(second.serialize(error));
  second.end(error);
  expect(heard).toBe(second.framesAfter(0).frames);
  expect([reader.text, reader.closed]).toEqual(["Good day", true]);
});

test("a part that holds the last event ends the log for those who listen", () => {
  const own = new EventLog();
  const followed = new EventLog();
  let isClosed = false;
  followed.listen(() => {
    isClosed = followed.closed;
  });
  own.append(progress);
  own.end(error);
  const { after, events } = own.partAfter(0);
  followed.addPart(after, events);
  expect(isClosed).toBe(true);
  expect(followed.lastEvent).toEqual(error);
});
