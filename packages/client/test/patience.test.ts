import { expect, onTestFinished, test, vi } from "vitest";
import { AbortedError, type Fetch, FormationClient, TimeoutError } from "../src/index.ts";
import { answer, openStream, serve } from "./server.ts";

const frames = answer("Hel", "lo");

const isGet = ({ method }: { method: string }) => method === "GET";

/** The events of the page, as a browser has them. */
const openPage = () => {
  const page = new EventTarget();
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  onTestFinished(() => void vi.unstubAllGlobals());
  return { goOnline: () => page.dispatchEvent(new Event("online")) };
};

test("when the network is back, an attempt that hangs gives way to one that arrives", async () => {
  const { goOnline } = openPage();
  let attempts = 0;
  const server = await serve((request, response, message) => {
    if (request.method === "POST") {
      openStream(response, { "x-muxi-request-id": "req_1" });
      response.write(frames.slice(0, 2).join(""), () => message.socket.resetAndDestroy());
    } else if (++attempts > 1) {
      openStream(response);
      response.end(frames.slice(Number(request.headers["last-event-id"])).join(""));
    }
  });
  const stream = new FormationClient({ url: server.url, clientKey: "ck" }).chatStream({ message: "Hi" });
  const whole = stream.text();
  await server.arrival(isGet);
  goOnline();
  expect(await whole).toBe("Hello");
  expect(attempts).toBe(2);
});

test("when the network is back, a stream that has gone silent meanwhile is resumed at once", async () => {
  const { goOnline } = openPage();
  const server = await serve((request, response) => {
    openStream(response, { "x-muxi-request-id": "req_1" });
    if (request.method === "POST") response.write(frames.slice(0, 2).join(""));
    else response.end(frames.slice(Number(request.headers["last-event-id"])).join(""));
  });
  const stream = new FormationClient({ url: server.url, clientKey: "ck" }).chatStream({ message: "Hi" });
  await stream.next();
  await stream.next();
  const third = stream.next();
  goOnline();
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + 4_000);
  onTestFinished(() => void vi.restoreAllMocks());
  expect(server.received).toHaveLength(1);
  goOnline();
  expect((await third).value).toMatchObject({ type: "text", text: "lo" });
  expect(await stream.text()).toBe("Hello");
});

test("packets that are dropped are noticed, and an attempt that nobody answers is given up", async () => {
  let attempts = 0;
  const server = await serve((request, response) => {
    if (request.method === "POST") {
      openStream(response, { "x-muxi-request-id": "req_1" });
      response.write(frames.slice(0, 2).join(""));
    } else if (++attempts > 2) {
      openStream(response);
      response.end(frames.slice(Number(request.headers["last-event-id"])).join(""));
    }
  });
  const formation = new FormationClient({
    url: server.url,
    clientKey: "ck",
    timeout: 1_000,
    idleTimeout: 300,
  });
  expect(await formation.chatStream({ message: "Hi" }).text()).toBe("Hello");
  expect(attempts).toBe(3);
});

test("a stream goes on trying until its limit, however often that is", async () => {
  const server = await serve((request, response, message) => {
    if (request.method !== "POST") return void message.socket.resetAndDestroy();
    openStream(response, { "x-muxi-request-id": "req_1" });
    response.write(frames[0] ?? "", () => message.socket.resetAndDestroy());
  });
  const resumed = async (resumeTimeout: number) => {
    const formation = new FormationClient({ url: server.url, clientKey: "ck", resumeTimeout });
    await expect(formation.chatStream({ message: "Hi" }).text()).rejects.toMatchObject({
      name: "ConnectionError",
    });
    return server.received.splice(0).filter(isGet).length;
  };
  expect(await resumed(0)).toBe(0);
  expect(await resumed(100)).toBe(1);
  // At once, after 0.5 s, and after 1 s more.
  expect(await resumed(2_000)).toBe(3);
});

/** Resolves never, or with a body that never comes, whatever the signal says. */
const deaf: [what: string, fetch: Fetch][] = [
  ["answer", () => new Promise(() => {})],
  ["body", async () => new Response(new ReadableStream())],
  ["body of an error", async () => new Response(new ReadableStream(), { status: 503 })],
];

test.each(deaf)("a fetch that ignores its signal and has no %s holds no call", async (_, fetch) => {
  const formation = new FormationClient({ url: "http://test", clientKey: "ck", fetch });
  await expect(formation.getSessions({ userId: "ann" }, { timeout: 50 })).rejects.toThrow(TimeoutError);
  const leaving = new AbortController();
  const call = formation.getSessions({ userId: "ann" }, { signal: leaving.signal });
  const refused = expect(call).rejects.toThrow(AbortedError);
  leaving.abort();
  await refused;
});

test("nor does it hold a stream", async () => {
  const fetch: Fetch = () => new Promise(() => {});
  const formation = new FormationClient({ url: "http://test", clientKey: "ck", fetch, timeout: 50 });
  await expect(formation.chatStream({ message: "Hi" }).next()).rejects.toThrow(TimeoutError);
});
