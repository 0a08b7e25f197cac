import { type Route, routes } from "@muxi/protocol";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type Api, startFormation, writeFormation } from "./harness.ts";

const alice = "alice@example.com";
const bob = "bob@example.com";

/** A word that only Alice ever says. */
const marker = "quetzalcoatl";

const rows = Object.entries<Route>(routes);

/** Bodies for the rows that need one, as Bob sends them. A row that is added later must be named here. */
const bodies: Readonly<Record<string, unknown>> = {
  chat: { message: "What do I like? Where does it nest? Tell me what you know about me", stream: false },
  audioChat: { files: [{ filename: "a.wav", content: "AAAA", content_type: "audio/wav" }], stream: false },
  restoreSession: { messages: [] },
  updateQueuedMessage: { message: "Bob was here" },
  answerRequest: { interrupt_id: "int_1", action: "approve" },
  addMemory: { type: "preference", detail: "Bob likes apples" },
  importMemories: { memories: [{ content: "Bob likes plums", source: "crm" }] },
  updateMemory: { content: "Bob was here" },
  addMemories: { items: [{ content: "Bob likes pears", source: "crm" }] },
  createCredential: { service: "github", credential: { token: "token-of-bob-0001" } },
  fireTrigger: { data: {}, use_async: false },
};

/**
 * Rows by which the application says who is who: the client key is the application's
 * (docs/spec/formation-api.md "User identifiers").
 */
const isDirectory = ({ path }: Route) => path.startsWith("/users");

/** Ids of what is Alice's, by the name of the path's parameter. */
type Belongings = Readonly<Record<string, string>>;

const settle = async (api: Api): Promise<Belongings> => {
  // A question: nothing is learned from it behind the test's back.
  const said = await api.chat(`Where does the ${marker} nest?`, { user: alice, session: "sess_of_alice" });
  const memory = await api.call("POST", "/memories", {
    user: alice,
    body: { type: "preference", detail: `Alice likes ${marker}` },
  });
  await api.call("PATCH", `/memories/${memory.body.data.id}`, {
    user: alice,
    body: { content: `Alice likes no other ${marker}` },
  });
  const credential = await api.call("POST", "/credentials", {
    user: alice,
    body: { service: "github", credential: { token: `${marker}-0123456789` } },
  });
  const ingestion = await api.call("POST", "/memories/batch", {
    user: alice,
    body: { items: [{ content: `The ${marker} is Alice's`, source: "crm" }] },
  });
  const job = await api.call("POST", "/scheduler/jobs", {
    user: alice,
    key: "admin",
    body: { type: "prompt", schedule: "0 9 * * *", message: `Say ${marker}` },
  });
  return {
    session_id: "sess_of_alice",
    request_id: said.body.data.request_id,
    memory_id: memory.body.data.id,
    credential_id: credential.body.data.credential_id,
    job_id: job.body.data.id,
    processing_id: ingestion.body.data.processing_id,
    name: "report",
    agent_id: "muxi-generalist",
    server_id: "none",
    server: "none",
    tool: "none",
    passage_id: "none",
    key: "NONE",
  };
};

const pathOf = (row: Route, belongings: Belongings): string =>
  row.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const id = belongings[name];
    if (id === undefined) throw new Error(`say in settle() what of Alice's '${name}' of ${row.path} is`);
    return encodeURIComponent(id);
  });

/** Everything that Alice can read, but for streams and lists of what she may do. */
const viewOf = async (api: Api, belongings: Belongings) => {
  const mine = rows.filter(
    ([, row]) =>
      row.method === "GET" && row.user !== "none" && row.key !== "admin" && !row.stream?.always && !row.lines,
  );
  return Object.fromEntries(
    await Promise.all(
      mine.map(async ([id, row]) => {
        const { status, body } = await api.get(pathOf(row, belongings), { user: alice });
        return [id, { status, data: body.data }] as const;
      }),
    ),
  );
};

test("no row of the API shows or changes another user's data, and none of an operator's opens with the client key", async () => {
  const api = await startFormation(await writeFormation({ "triggers/report.md": "Report what you know" }));
  const belongings = await settle(api);
  const before = await viewOf(api, belongings);
  expect(JSON.stringify(before)).toContain(marker);

  for (const [id, row] of rows) {
    if (row.key === "none" || isDirectory(row)) continue;
    const path = pathOf(row, belongings);
    if (row.key === "admin") {
      expect([id, (await api.call(row.method, path, { user: bob })).status]).toEqual([id, 401]);
      continue;
    }
    if (row.stream?.always) continue;
    if (row.lines) {
      const response = await api.request(row.method, path, { user: bob });
      expect([id, await response.text()]).not.toEqual([id, expect.stringContaining(marker)]);
      continue;
    }
    if (row.body) expect(bodies, `say in bodies what Bob sends to ${id}`).toHaveProperty(id);
    const { body } = await api.call(row.method, path, { user: bob, body: bodies[id] });
    expect([id, JSON.stringify(body)]).not.toEqual([id, expect.stringContaining(marker)]);
    expect([id, JSON.stringify(body.data ?? {})]).not.toEqual([id, expect.stringContaining(alice)]);
  }

  expect(await viewOf(api, belongings)).toEqual(before);
});

test("no stream tells anybody but the admin of what happens to another user", async () => {
  const api = await startFormation(await writeFormation());
  const belongings = await settle(api);
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const heard = new Map<string, string>();

  const listen = async (name: string, path: string, options: Parameters<Api["request"]>[2]) => {
    const response = await api.request("GET", path, { ...options, signal: leaving.signal });
    heard.set(name, "");
    const read = async () => {
      for await (const bytes of response.body ?? [])
        heard.set(name, heard.get(name) + String(Buffer.from(bytes)));
    };
    read().catch((error: unknown) => {
      if (!leaving.signal.aborted) throw error;
    });
  };
  const streams = rows.filter(([, row]) => row.stream?.always && row.key !== "admin");
  for (const [id, row] of streams) await listen(id, pathOf(row, belongings), { user: bob });
  await listen("the admin", "/events", { key: "admin" });

  await api.chat(`Does the ${marker} sing?`, { user: alice, session: "sess_of_alice" });
  await api.chat("Hello there", { user: bob, session: "sess_of_bob" });
  await until("the admin hears of Bob", () => heard.get("the admin")?.includes("sess_of_bob"));
  await until("Bob hears of himself", () => heard.get("getUserEvents")?.includes("sess_of_bob"));
  expect(heard.get("the admin")).toContain("sess_of_alice");
  for (const [id] of streams) {
    expect([id, heard.get(id)]).toEqual([
      id,
      expect.not.stringMatching(/"session_id":"sess_of_alice"|quetz/),
    ]);
  }
});
