import { readFile } from "node:fs/promises";
import path from "node:path";
import { openSecrets } from "@muxi/formation";
import { describe, expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, collect, manifest, startFormation, writeFormation } from "./harness.ts";
import { startHttpMcp } from "./mcp-servers.ts";
import { type ReceivedRequest, type Reply, startModelServer } from "./model-server.ts";
import { onPostgres } from "./postgres.ts";

const ann = { user: "ann" };
const token = "forge_0123456789abcdef";

/** Counts trees when asked to, and says what came of it. */
const counting = ({ body }: ReceivedRequest): Reply => {
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  const last = (body as any).messages.at(-1);
  if (last.role === "tool") return { text: [`It says: ${last.content}`] };
  const call = { id: "c1", name: "trees__count_trees", arguments: ['{"kind":"pear"}'] };
  return /count|given a credential/i.test(last.content)
    ? { text: [], toolCalls: [call] }
    : { text: ["Hello."] };
};

const open = async (settings = "mode: dynamic", inline = true) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = counting;
  const formationToken = "of-the-formation-1";
  const server = await startHttpMcp(
    undefined,
    (sent) => sent === `Bearer ${token}` || sent === `Bearer ${formationToken}`,
  );
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
user_credentials: { ${settings}, redirect_message: "Add it under https://orchard.example/keys" }
`,
    "mcp/trees.afs": `id: trees
description: Trees
type: http
endpoint: ${server.url}
max_retries: 1
auth: { type: bearer, token: "\${{ user.credentials.forge }}", accept_inline: ${inline} }
`,
  });
  await (await openSecrets(dir)).set("USER_CREDENTIALS_FORGE", formationToken);
  const api = await startFormation(dir);
  return { api, models, dir, server };
};

const say = async (api: Api, message: string, more: object = {}, headers: Record<string, string> = {}) => {
  const body = { message, stream: false, session_id: "s1", ...more };
  return (await api.call("POST", "/chat", { ...ann, body, headers })).body;
};

const contentsOf = async (api: Api): Promise<string[]> =>
  (await api.get("/sessions/s1/messages", ann)).body.data.messages.map(
    ({ content }: { content: string }) => content,
  );

describe("with user_credentials.mode dynamic", () => {
  test("a credential that a user types goes to the vault alone, and the request goes on with it", async () => {
    const { api, models, dir } = await open();
    const asked = (await say(api, "Count the pears")).data;
    expect(asked.message.content).toMatch(/^To use forge I need your credential/);
    expect(asked.message.metadata.clarification).toMatchObject({ credential: "forge", round: 1 });
    expect((await api.get(`/requests/${asked.request_id}`, ann)).body.data.status).toBe(
      "awaiting_clarification",
    );

    const frames = await collect(
      await api.stream({ message: `Here it is: ${token}`, session_id: "s1" }, ann),
    );
    expect(frames.at(-1)?.data).toMatchObject({ type: "done", request_id: asked.request_id });
    expect((await contentsOf(api)).slice(2)).toEqual([
      "(The user has given a credential for forge.)",
      "It says: 12 pear trees",
    ]);
    const { credentials } = (await api.get("/credentials", ann)).body.data;
    expect(credentials).toMatchObject([{ service: "forge", credential_preview: "forge_0*****def" }]);
    await say(api, `Here it is: ${token}`);
    expect((await say(api, "Count them again")).data.message.content).toBe("It says: 12 pear trees");

    const seen = JSON.stringify([frames, ...models.requests.map(({ body }) => body)]);
    expect(seen).not.toContain(token);
    await api.runtime.close(0);
    if (!onPostgres) expect(await readFile(path.join(dir, "memory.db"), "latin1")).not.toContain(token);
  });

  test.skipIf(!onPostgres)(
    "a credential that is sent once more, to another process, is no message there",
    async () => {
      const { api, dir } = await open();
      const other = await startFormation(dir);
      // The other process hears of it a moment later: each time it is another user's.
      let users = 0;
      await untilExpected("the other process knows that it is no message", async () => {
        const user = `user_${++users}`;
        const session = `of_${user}`;
        await api.chat("Count the pears", { user, session });
        await api.chat(token, { user, session });
        await other.chat(token, { user, session });
        const { data } = (await other.get(`/sessions/${session}/messages`, { user })).body;
        expect(JSON.stringify(data)).not.toContain(token);
      });
    },
  );

  test("a call that is sent again under its key is not taken for a message", async () => {
    const { api } = await open();
    await say(api, "Count the pears");
    const key = { "X-Muxi-Idempotency-Key": "k1" };
    const first = await say(api, token, {}, key);
    expect((await say(api, token, {}, key)).data).toEqual(first.data);
    expect(JSON.stringify(await contentsOf(api))).not.toContain(token);
  });

  test("is taken from a call that a proxy has named, and not stored with one that goes on in the background", async () => {
    const { api, models, dir } = await open();
    const asked = (await say(api, "Count the pears")).data;
    models.defaultReply = { text: ["12", " pears"], stallAfter: 2 };
    const headers = { "X-Muxi-Request-ID": "req_door" };
    const accepted = (await say(api, token, { threshold_seconds: 0.1 }, headers)).data;
    expect(accepted).toMatchObject({ request_id: asked.request_id, status: "processing" });
    await api.runtime.close(0);
    models.defaultReply = counting;
    const again = await startFormation(dir);
    await untilExpected("the answer is there", async () =>
      expect((await contentsOf(again)).at(-1)).toBe("It says: 12 pear trees"),
    );
    expect(JSON.stringify(models.requests.map(({ body }) => body))).not.toContain(token);
  });

  test("one that the server refuses is asked for again, up to max_attempts", async () => {
    const { api } = await open("mode: dynamic, max_attempts: 2");
    await say(api, "Count the pears");
    const again = (await say(api, "wrong-token-1")).data;
    expect(again.message.metadata.clarification).toMatchObject({ credential: "forge", round: 2 });
    const last = (await say(api, "wrong-token-2")).data;
    expect(last.message.content).toContain("The server has refused the user's credential for forge");
    expect(last.message.content).toContain("https://orchard.example/keys");
  });

  test("a message that is no credential is a message, and the question is over", async () => {
    const { api } = await open();
    const asked = (await say(api, "Count the pears")).data;
    const other = (await say(api, "Never mind, how are you today?")).data;
    expect(other.message.content).toBe("Hello.");
    expect(other.request_id).not.toBe(asked.request_id);
    expect((await api.get(`/requests/${asked.request_id}`, ann)).body.data.status).toBe("cancelled");
    await say(api, token);
    expect(await contentsOf(api)).toContain(token);
  });

  test("what is sent for the background is kept too", async () => {
    const { api } = await open();
    await say(api, "Count the pears");
    const body = { message: token, mode: "async", session_id: "s1", request_id: "req_1" };
    expect((await api.call("POST", "/chat", { ...ann, body })).status).toBe(202);
    await untilExpected("the answer is there", async () =>
      expect((await contentsOf(api)).at(-1)).toBe("It says: 12 pear trees"),
    );
    expect(JSON.stringify(await contentsOf(api))).not.toContain(token);
  });

  test.each([
    ["came in clear over the network", "mode: dynamic", true, { "X-Forwarded-For": "203.0.113.7" }],
    ["goes to a server that does not accept it", "mode: dynamic", false, {}],
    ["is made in redirect mode", "mode: redirect", true, {}],
  ])(
    "a call that %s asks for none: the user is told where to add it",
    async (_, settings, inline, headers) => {
      const { api } = await open(settings, inline);
      const { data } = await say(api, "Count the pears", {}, headers);
      expect(data.message.content).toContain("Tell them: Add it under https://orchard.example/keys");
      expect(data.message.metadata.clarification).toBeUndefined();
    },
  );

  test.each([
    ["over TLS", "mode: dynamic", { "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https" }],
    [
      "in clear where the formation allows it",
      "mode: dynamic, require_https: false",
      { "X-Forwarded-For": "203.0.113.7" },
    ],
  ])("%s it is asked for from afar", async (_, settings, headers) => {
    const { api } = await open(settings);
    const { data } = await say(api, "Count the pears", {}, headers);
    expect(data.message.metadata.clarification).toMatchObject({ credential: "forge" });
  });
});
