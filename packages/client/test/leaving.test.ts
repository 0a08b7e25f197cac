import { expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { FormationClient } from "../src/index.ts";
import { openStream, sendData, sendError, serve } from "./server.ts";

/** A formation that answers no chat, and stops any. */
const serveSlowly = () =>
  serve(({ method }, response) => {
    if (method === "DELETE") sendData(response, { status: "cancelled" });
  });

const isStop = ({ method }: { method: string }) => method === "DELETE";

test.each([
  ["an abort", (signal: AbortSignal) => ({ signal }), "AbortedError"],
  ["a timeout", () => ({ timeout: 50 }), "TimeoutError"],
])("%s of a chat stops its answer", async (_, optionsOf, name) => {
  const server = await serveSlowly();
  const caller = new AbortController();
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId: "ann" });
  const answer = formation.chat({ message: "Hi", request_id: "req_mine" }, optionsOf(caller.signal));
  const failure = expect(answer).rejects.toMatchObject({ name });
  await server.arrival(({ method }) => method === "POST");
  caller.abort();
  await failure;
  const stop = await server.arrival(isStop);
  expect(stop.url).toBe("/v1/requests/req_mine");
  expect(stop.headers["x-muxi-user-id"]).toBe("ann");
});

test("a stop that overtakes its message is sent again", async () => {
  let stops = 0;
  const server = await serve(({ method }, response) => {
    if (method !== "DELETE") return;
    stops += 1;
    if (stops < 3) sendError(response, 404, "NOT_FOUND");
    else sendData(response, { status: "cancelled" });
  });
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId: "ann" });
  const stream = formation.chatStream({ message: "Hi" });
  void stream.next();
  await server.arrival(({ method }) => method === "POST");
  await stream.return();
  await until("it is stopped", () => stops === 3);
  expect(new Set(server.received.filter(isStop).map(({ url }) => url)).size).toBe(1);
});

test.each([
  ["an abort", (signal: AbortSignal) => ({ signal }), "AbortedError"],
  ["a timeout", () => ({ timeout: 50 }), "TimeoutError"],
])("%s of a trigger stops its run", async (_, optionsOf, name) => {
  const server = await serveSlowly();
  const caller = new AbortController();
  const formation = new FormationClient({ url: server.url, clientKey: "ck", userId: "ann" });
  const fired = formation.fireTrigger({ name: "report", data: {}, userId: "bob" }, optionsOf(caller.signal));
  const failure = expect(fired).rejects.toMatchObject({ name });
  const { headers } = await server.arrival(({ method }) => method === "POST");
  caller.abort();
  await failure;
  const stop = await server.arrival(isStop);
  expect(stop.url).toBe(`/v1/requests/${headers["x-muxi-request-id"]}`);
  expect(stop.headers["x-muxi-user-id"]).toBe("bob");
});

test("a trigger is stopped by the id that its caller gave it, and never when it runs in the background", async () => {
  const server = await serveSlowly();
  const formation = new FormationClient({ url: server.url, clientKey: "ck" });
  const trigger = { name: "report", data: {} };
  await expect(formation.fireTrigger({ ...trigger, asyncMode: true }, { timeout: 50 })).rejects.toThrow();
  const named = { timeout: 50, headers: { "X-Muxi-Request-ID": "req_mine" } };
  await expect(formation.fireTrigger(trigger, named)).rejects.toThrow();
  await server.arrival(isStop);
  expect(server.received.map(({ headers }) => headers["x-muxi-request-id"])).toContain("req_mine");
  expect(server.received.filter(isStop).map(({ url }) => url)).toEqual(["/v1/requests/req_mine"]);
});

test("an answer that is to go on is not stopped, nor one that was never asked for", async () => {
  const server = await serveSlowly();
  const formation = new FormationClient({ url: server.url, clientKey: "ck" });
  const lasting = { message: "Hi", on_disconnect: "continue" } as const;
  await expect(formation.chat(lasting, { timeout: 50 })).rejects.toMatchObject({ name: "TimeoutError" });
  const aborted = { signal: AbortSignal.abort() };
  await expect(formation.chat({ message: "Hi" }, aborted)).rejects.toMatchObject({ name: "AbortedError" });
  // A call that is answered after both could have been stopped.
  await expect(formation.chat({ message: "Hi", request_id: "last" }, { timeout: 50 })).rejects.toThrow();
  await server.arrival(isStop);
  expect(server.received.filter(isStop).map(({ url }) => url)).toEqual(["/v1/requests/last"]);
});

test("a chat waits for its whole answer, unless the caller says how long", async () => {
  const server = await serve((_, response) => sendData(response, { message: { content: "Hello" } }));
  const formation = new FormationClient({ url: server.url, clientKey: "ck" });
  await formation.chat({ message: "Hi" });
  await formation.chat({ message: "Hi", threshold_seconds: 5 });
  expect(server.received.map(({ body }) => JSON.parse(body).threshold_seconds)).toEqual([600, 5]);
});

test("a fetch without streams reads whole answers, and says what a stream needs", async () => {
  const server = await serve(({ url }, response) => {
    if (!url.endsWith("/chat")) return sendData(response, { triggers: ["daily"] });
    openStream(response);
    response.end("event: done\n\n");
  });
  /** That of React Native: a body is there as a whole. */
  const nativeFetch: typeof fetch = async (...args) => {
    const response = await fetch(...args);
    return Object.defineProperty(response, "body", { value: undefined });
  };
  const formation = new FormationClient({ url: server.url, clientKey: "ck", fetch: nativeFetch });
  expect((await formation.getTriggers()).triggers).toEqual(["daily"]);
  await expect(formation.chatStream({ message: "Hi" }).text()).rejects.toMatchObject({
    name: "ConfigurationError",
    option: "fetch",
    message: "fetch: gives no stream: in React Native pass that of expo/fetch",
  });
});
