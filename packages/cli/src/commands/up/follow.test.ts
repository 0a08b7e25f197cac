import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { follow } from "./follow.ts";

/** Above any process id that a system gives. */
const endedPid = 2 ** 30;

const health = JSON.stringify({ success: true, status: "ok", version: "1.0.0" });
const unavailable = (status: string) => [503, JSON.stringify({ formation_status: status })] as const;
const badGateway = [502, "{}"] as const;
const notFound = [404, "{}"] as const;

/** Follows a draft whose process has ended, on a server that answers requests to the draft so. */
const followOn = async (answer: RequestListener, signal = new AbortController().signal) => {
  const server = createServer((request, response) => {
    if (request.url === "/health") response.end(health);
    else answer(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const serverUrl = `http://127.0.0.1:${address.port}`;
  const draftUrl = `${serverUrl}/draft/one`;
  return follow({ serverUrl, draftUrl, pid: endedPid, logs: [], signal });
};

/** The same, on a server that gives these answers one after the other, and the last one again. */
const followEnded = (...answers: readonly (readonly [status: number, body: string])[]) => {
  const left = [...answers];
  return followOn((_, response) => {
    const [status, body] = (left.length > 1 ? left.shift() : left[0]) ?? notFound;
    response.writeHead(status).end(body);
  });
};

test.each([
  ["was stopped", [notFound]],
  [
    "is being stopped, which the server has not finished",
    [unavailable("stopping"), unavailable("stopped"), notFound],
  ],
  ["was stopped before the server noticed its end", [badGateway, unavailable("stopping"), notFound]],
  ["was started again", [unavailable("starting"), [200, "{}"]]],
] as const)("a draft that %s has not died", async (_, answers) => {
  expect(await followEnded(...answers)).toBe("stopped elsewhere");
});

test("a draft that has crashed has died", async () => {
  expect(await followEnded(badGateway, unavailable("crashed"))).toBe("died");
});

test("an interruption does not wait for a server that does not answer, and is not a crash", async () => {
  const interruption = new AbortController();
  const ended = followOn(() => interruption.abort(), interruption.signal);
  expect(await ended).toBe("interrupted");
});
