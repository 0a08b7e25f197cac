import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import express from "express";
import { FormationClient } from "muxi-client";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { chatRoutes } from "../examples/browsers/express.ts";
import { chatHandlers } from "../examples/browsers/next.ts";
import { hold, keys, startFormation, writeFormation } from "../packages/runtime/test/harness.ts";
import { startModelServer } from "../packages/runtime/test/model-server.ts";
import { blocksOf, readDoc } from "./doc-pages.ts";

test("docs/browsers.md shows the examples as they are", async () => {
  const shown = blocksOf(await readDoc("browsers.md")).filter(({ name }) => name.startsWith("examples/"));
  expect(shown).toHaveLength(3);
  for (const { name, content } of shown) {
    expect(content, name).toBe(await readFile(path.join(import.meta.dirname, "..", name), "utf8"));
  }
});

/** Who is signed in. */
let userId: string | undefined;

const listen = async (handler: RequestListener) => {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/muxi`;
};

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where a page finds its backend, and how it asks there. */
interface Backend {
  url: string;
  fetch: Fetch;
}

const backends: Record<string, () => Promise<Backend>> = {
  async Express() {
    const app = express();
    app.use(
      "/api/muxi",
      chatRoutes(() => userId),
    );
    return { url: await listen(app), fetch };
  },
  async "Next.js"() {
    const handlers = new Map(Object.entries(chatHandlers(async () => userId)));
    const handle: Fetch = async (url, init) => {
      const handler = handlers.get(init.method ?? "GET");
      return handler ? handler(new Request(url, init)) : new Response(null, { status: 405 });
    };
    return { url: "http://page.example/api/muxi", fetch: handle };
  },
};

describe.each(Object.keys(backends))("a page behind %s", (name) => {
  const open = async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const api = await startFormation(await writeFormation(), {
      env: { OPENAI_API_KEY: "k", OPENAI_BASE_URL: `${models.url}/v1` },
    });
    vi.stubEnv("MUXI_FORMATION_URL", api.url);
    vi.stubEnv("MUXI_CLIENT_KEY", keys.clientKey);
    userId = "ann";
    const backend = await backends[name]?.();
    if (!backend) throw new Error(`No backend ${name}`);
    const page = new FormationClient({ ...backend, maxRetries: 0 }).as("me");
    const ask = (method: string, path: string, body?: object) =>
      backend.fetch(`${backend.url}${path}`, {
        method,
        headers: { "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      });
    return { models, page, ask };
  };

  test("reads an answer while it is written, and goes on with it after a break", async () => {
    const { models, page } = await open();
    const { held, release } = hold();
    models.reply({ text: ["One, ", "two, ", "three."], pause: { after: 2, until: held } });
    const stream = page.chatStream({ message: "Count" });
    let text = "";
    while (text === "") {
      const { value } = await stream.next();
      if (value?.type === "text") text = value.text;
    }
    const cursor = await stream.detach();
    release();
    if (!cursor) throw new Error("The stream has no cursor");
    text += await page.resumeChat(cursor).text();
    expect(text).toBe("One, two, three.");
    const { messages } = await page.getSessionMessages({ sessionId: cursor.sessionId });
    expect(messages.map(({ content }) => content)).toEqual(["Count", "One, two, three."]);
  });

  test("talks as who is signed in, and as nobody else", async () => {
    const { page, ask } = await open();
    const { session_id } = await page.chat({ message: "Hello" });
    expect((await page.getSessionMessages({ sessionId: session_id })).messages).toHaveLength(2);
    userId = "bob";
    await expect(page.chat({ message: "Hello", session_id })).rejects.toMatchObject({ statusCode: 404 });
    expect((await ask("POST", "/v1/chat", { message: "Hello", user_id: "ann" })).status).toBe(400);
    userId = undefined;
    expect((await ask("POST", "/v1/chat", { message: "Hello" })).status).toBe(401);
  });

  test("reaches no other call of the formation", async () => {
    const { ask } = await open();
    for (const path of ["/v1/sessions", "/v1/triggers", "/v1/events/%2e%2e/sops", "/openapi.json"]) {
      expect((await ask("GET", path)).status, path).toBe(404);
    }
    expect((await ask("DELETE", "/v1/sessions/s1")).status).toBe(404);
  });
});
