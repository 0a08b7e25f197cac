import { setImmediate as nextTick } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { until } from "../../../test/until.ts";
import { collect, framesOf, manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";

/** A formation whose timers stand still until the test moves them. */
const startStill = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", timeout_seconds: 300 }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
  });
  const api = await startFormation(dir);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return { api, models };
};

/** Seconds that pass until something happens. */
const secondsUntil = async (what: string, happened: () => boolean): Promise<number> => {
  let seconds = 0;
  await until(what, async () => {
    // What is on its way over a socket arrives before the next second.
    for (let tick = 0; tick < 200 && !happened(); tick += 1) await nextTick();
    if (happened()) return true;
    await vi.advanceTimersByTimeAsync(1_000);
    seconds += 1;
    return false;
  });
  return seconds;
};

const sse = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

test("a chat's frames are numbered from 1, named after their type, and framed by progress and done", async () => {
  const api = await startFormation(await writeFormation());
  const response = await api.request("POST", "/chat", { body: { message: "Hello", session_id: "s1" } });
  expect(Object.fromEntries(response.headers)).toMatchObject(sse);
  const frames = await collect(framesOf(response));
  expect(frames.map(({ id }) => Number(id))).toEqual(frames.map((_, index) => index + 1));
  for (const { event, data } of frames) expect(event).toBe(data.type);
  const ids = { session_id: "s1", request_id: response.headers.get("x-muxi-request-id") };
  expect(frames[0]?.data).toMatchObject({ type: "progress", ...ids });
  expect(frames.at(-1)?.data).toMatchObject({ type: "done", finished: true, ...ids });
  expect(frames.filter(({ event }) => event === "done" || event === "error")).toHaveLength(1);
});

test.each([
  ["/events", "client"],
  ["/events/s1", "client"],
  ["/logs?level=ERROR", "admin"],
] as const)("%s carries a comment after ten seconds of silence, and not before", async (path, key) => {
  const { api } = await startStill();
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = await api.request("GET", path, {
    key,
    signal: leaving.signal,
    ...(key === "client" && { user: "ann" }),
  });
  expect(Object.fromEntries(response.headers)).toMatchObject(sse);
  let text = "";
  const read = async () => {
    for await (const bytes of response.body ?? []) text += Buffer.from(bytes);
  };
  read().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  vi.advanceTimersByTime(9_999);
  // What was written by then is here before this answer.
  await api.get("/health", { key: "none" });
  expect(text).not.toContain("keepalive");
  vi.advanceTimersByTime(1);
  await until("a comment comes", () => text.includes(": keepalive\n\n"));
});

test("whoever asks for it has the answer stopped ten seconds after the connection dropped", async () => {
  const { api, models } = await startStill();
  models.reply({ text: ["One ", "two"], stallAfter: 2 });
  const leaving = new AbortController();
  const response = await api.request("POST", "/chat", {
    body: { message: "Count", on_disconnect: "cancel" },
    signal: leaving.signal,
  });
  await framesOf(response).next();
  const { over } = await models.request(0);
  let ended: string | undefined;
  const watching = over.then((how) => {
    ended = how;
  });
  leaving.abort();
  expect(await secondsUntil("the answer is stopped", () => ended !== undefined)).toBeGreaterThanOrEqual(10);
  await watching;
  expect(ended).toBe("aborted");
});

test("a stream that an endless feed serves is framed with blank lines, and has no event names", async () => {
  const api = await startFormation(await writeFormation());
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = await api.request("GET", "/events", { user: "ann", signal: leaving.signal });
  const frames = framesOf(response);
  const first = frames.next();
  await api.chat("Hello", { user: "ann", session: "s1" });
  const { value } = await first;
  expect(value).toMatchObject({
    event: undefined,
    data: { type: expect.stringMatching(/^chat\./), session_id: "s1", timestamp: expect.any(Number) },
  });
});
