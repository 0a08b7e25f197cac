import { expect, test } from "vitest";
import { FormationClient } from "../src/index.ts";
import { createTestServer, type TestServer } from "../src/testing.ts";
import { done, progress, text } from "./server.ts";

const clientOf = ({ fetch }: TestServer) =>
  new FormationClient({ url: "http://test", clientKey: "ck", fetch, idleTimeout: 100, userId: "u" });

const [a, b] = [text("a"), text("b")];

test("replies and fails in the order of the script, and keeps the requests", async () => {
  const server = createTestServer()
    .fail(429, "RATE_LIMITED", 0)
    .reply({ triggers: ["t"] });
  expect((await clientOf(server).getTriggers({ maxRetries: 1 })).triggers).toEqual(["t"]);
  expect(server.requests).toMatchObject([
    { method: "GET", path: "/v1/triggers", headers: { "x-muxi-client-key": "ck" } },
    { method: "GET", path: "/v1/triggers" },
  ]);
});

test("a request beyond the script fails", async () => {
  await expect(clientOf(createTestServer()).getTriggers()).rejects.toThrow(
    "no response scripted for GET /v1/triggers",
  );
});

test("a reset and a stall are the errors that the network gives", async () => {
  const server = createTestServer().reset().stall();
  await expect(clientOf(server).getTriggers()).rejects.toMatchObject({ name: "ConnectionError" });
  await expect(clientOf(server).getTriggers({ timeout: 50 })).rejects.toMatchObject({ name: "TimeoutError" });
});

test.each(["close", "reset", "stall"] as const)("a stream that is cut (%s) goes on", async (end) => {
  const server = createTestServer()
    .stream([progress, a], { end })
    .stream([b, done], { ids: [3, 4] });
  expect(await clientOf(server).chatStream({ message: "Hi" }).text()).toBe("ab");
  expect(server.requests[1]).toMatchObject({ method: "GET", headers: { "last-event-id": "2" } });
});

test("events that come twice are delivered once, and those out of order are asked for again", async () => {
  const server = createTestServer()
    .stream([progress, a, a, done], { ids: [1, 2, 2, 4] })
    .stream([b, done], { ids: [3, 4] });
  expect(await clientOf(server).chatStream({ message: "Hi" }).text()).toBe("ab");
});

test("leaving a stream needs no script for the stop that follows", async () => {
  const server = createTestServer().stream([progress, a], { end: "stall" });
  for await (const event of clientOf(server).chatStream({ message: "Hi" })) if (event.type === "text") break;
  expect(server.requests.at(-1)).toMatchObject({ method: "DELETE", path: "/v1/requests/req_1" });
});
