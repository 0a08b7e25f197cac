import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startToxicProxy } from "../../../../test/toxic-proxy.ts";
import { untilExpected } from "../../../../test/until.ts";
import { hold, keys, manifest, startFormation, writeFormation } from "../../../runtime/test/harness.ts";
import { startModelServer } from "../../../runtime/test/model-server.ts";
import { serve } from "../server.ts";
import { bundlePage, screenOf, startBrowser } from "./browser.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

/** Each page in React's strict mode: our hook, and that of each version of the AI SDK. */
const pages = {
  useChat: await bundlePage("own-hook.ts"),
  "useChat of the AI SDK 7": await bundlePage("ai-sdk.ts"),
  "useChat of the AI SDK 6": await bundlePage("ai-sdk.ts", { "@ai-sdk/react": "ai-sdk-react-3" }),
};

const asked = "user: Tell me";
const unconfirmed = `${asked} (unconfirmed)`;
const whole = "assistant: Once upon a time";

/** A formation whose model tells a story, a proxy before it, and a page in Chromium that talks through that. */
const start = async (name: keyof typeof pages) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const api = await startFormation(
    await writeFormation({
      "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
    }),
  );
  const { hostname, port } = new URL(api.url);
  const proxy = await startToxicProxy({ host: hostname, port: Number(port) });
  onTestFinished(() => proxy.close());
  const site = await serve(({ url }, response) => {
    const [type, body] = url.startsWith("/page.js")
      ? ["text/javascript", pages[name]]
      : [
          "text/html",
          '<!doctype html><meta charset="utf-8"><body><script type="module" src="/page.js"></script>',
        ];
    response.writeHead(200, { "content-type": type }).end(body);
  });
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const query = new URLSearchParams({ formation: `http://127.0.0.1:${proxy.port}`, key: keys.clientKey });
  await page.goto(`${site.url}/?${query}`);

  /** Lets the model tell the beginning, and the rest when it is released. */
  const tellSlowly = () => {
    const { held, release } = hold();
    onTestFinished(release);
    models.reply({ text: ["Once upon", " a time"], pause: { after: 2, until: held } });
    return release;
  };
  models.defaultReply = { text: ["Once upon", " a time"] };

  /** Waits until the formation has these messages, and its model was asked as often. */
  const untilStored = (count: number) =>
    untilExpected(`there are ${count} turns`, async () => {
      const { sessions } = (await api.get("/sessions", { user: "ann" })).body.data;
      const [session] = sessions;
      expect(sessions).toHaveLength(1);
      const { messages } = (await api.get(`/sessions/${session.session_id}/messages`, { user: "ann" })).body
        .data;
      expect(messages.map(({ role }: { role: string }) => role)).toEqual(
        Array.from({ length: count }, () => ["user", "assistant"]).flat(),
      );
      expect(models.requests).toHaveLength(count);
    });

  return { api, models, proxy, ...screenOf(page), tellSlowly, untilStored };
};

const names = Object.keys(pages).filter((name): name is keyof typeof pages => name in pages);

test.each(names)(
  "%s: an answer under way goes on after a reload, and earlier turns are there",
  async (name) => {
    const { press, reload, untilShown, untilStored, tellSlowly } = await start(name);
    await press("Send");
    await untilShown([asked, whole], "ready");
    const release = tellSlowly();
    await press("Send");
    await untilShown([asked, whole, asked, "assistant: Once upon"], "streaming");
    await reload();
    await untilShown([asked, whole, asked, "assistant: Once upon"], "streaming");
    release();
    await untilShown([asked, whole, asked, whole], "ready");
    await untilStored(2);
    await reload();
    await untilShown([asked, whole, asked, whole], "ready");
  },
);

test.each(names)("%s: an answer goes on while its component is away", async (name) => {
  const { models, press, untilShown, untilStored, tellSlowly, reload } = await start(name);
  const release = tellSlowly();
  await press("Send");
  await untilShown([asked, "assistant: Once upon"], "streaming");
  await press("Close");
  release();
  expect(await (await models.request(0)).over).toBe("sent");
  await untilStored(1);
  await press("Open");
  await reload();
  await untilShown([asked, whole], "ready");
});

test.each(names)(
  "%s: a message that is sent in the moment in which its component goes away is answered once",
  async (name) => {
    const { press, reload, untilShown, untilStored } = await start(name);
    await press("Send and close");
    await untilStored(1);
    await reload();
    await untilShown([asked, whole], "ready");
    await untilStored(1);
  },
);

test.each(names)("%s: only who stops an answer stops it", async (name) => {
  const { models, press, reload, untilShown, tellSlowly } = await start(name);
  tellSlowly();
  await press("Send");
  await untilShown([asked, "assistant: Once upon"], "streaming");
  await reload();
  await untilShown([asked, "assistant: Once upon"], "streaming");
  await press("Stop");
  await untilShown([asked, "assistant: Once upon"], "ready");
  expect(await (await models.request(0)).over).toBe("aborted");
});

test("useChat: an answer of which nothing has arrived is shown after a reload, and was asked for once", async () => {
  const { models, press, proxy, reload, untilShown, untilStored } = await start("useChat");
  // After a turn Chromium knows that it may send: otherwise it would ask first, and hear nothing.
  await press("Send");
  await untilShown([asked, whole], "ready");
  proxy.poison({ kind: "stall", towards: "client" });
  await press("Send");
  await models.request(1);
  await untilShown([asked, whole, unconfirmed], "submitted");
  await reload();
  await untilShown([asked, whole, unconfirmed], "submitted");
  proxy.heal({ forgotten: true });
  await reload();
  await untilShown([asked, whole, asked, whole], "ready");
  await untilStored(2);
});

test("useChat: a message that the network has lost says so, and is sent again on demand", async () => {
  const { press, proxy, reload, untilShown, untilStored } = await start("useChat");
  proxy.poison({ kind: "cut" });
  await press("Send");
  const lost = `error: No response from http://127.0.0.1:${proxy.port}/v1: Failed to fetch`;
  await untilShown([unconfirmed], lost);
  await reload();
  await untilShown([unconfirmed], lost);
  proxy.heal();
  await press("Retry");
  await untilShown([asked, whole], "ready");
  await untilStored(1);
});

test("useChat: a stream that is cut and delayed goes on by itself", async () => {
  const { press, proxy, untilShown, untilStored, tellSlowly } = await start("useChat");
  const release = tellSlowly();
  proxy.poison({ kind: "delay", milliseconds: 50 });
  await press("Send");
  await untilShown([asked, "assistant: Once upon"], "streaming");
  proxy.poison({ kind: "cut" });
  proxy.heal();
  release();
  await untilShown([asked, whole], "ready");
  await untilStored(1);
});
