import { type Route, routes } from "@muxi/protocol";
import { expect, test } from "vitest";
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
  addMemory: { type: "preference", detail: "Bob likes apples" },
  addMemories: { items: [{ content: "Bob likes pears", source: "crm" }] },
  createCredential: { service: "github", credential: { token: "token-of-bob-0001" } },
  fireTrigger: { data: {}, use_async: false },
};

/** Rows by which the application says who is who: the client key is the application's (contract/formation-api.md 4.20). */
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
  const credential = await api.call("POST", "/credentials", {
    user: alice,
    body: { service: "github", credential: { token: `${marker}-0123456789` } },
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
    processing_id: "ing_of_alice",
    name: "report",
    agent_id: "muxi-generalist",
    server_id: "none",
    key: "NONE",
    artifact_id: "atf_of_alice",
    delivery_id: "dlv_of_alice",
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
    ([, row]) => row.method === "GET" && row.user !== "none" && row.key !== "admin" && !row.stream?.always,
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

  const leaving = new AbortController();
  for (const [id, row] of rows) {
    if (row.key === "none" || isDirectory(row)) continue;
    const path = pathOf(row, belongings);
    if (row.key === "admin") {
      expect([id, (await api.call(row.method, path, { user: bob })).status]).toEqual([id, 401]);
      continue;
    }
    if (row.stream?.always) {
      // One that lives is Bob's own: it says nothing of Alice, for nothing of hers happens from here on.
      const response = await api.request(row.method, path, { user: bob, signal: leaving.signal });
      if (!response.ok) expect(await response.text()).not.toContain(marker);
      continue;
    }
    if (row.body) expect(bodies, `say in bodies what Bob sends to ${id}`).toHaveProperty(id);
    const { body } = await api.call(row.method, path, { user: bob, body: bodies[id] });
    expect([id, JSON.stringify(body)]).not.toEqual([id, expect.stringContaining(marker)]);
    expect([id, JSON.stringify(body.data ?? {})]).not.toEqual([id, expect.stringContaining(alice)]);
  }
  leaving.abort();

  expect(await viewOf(api, belongings)).toEqual(before);
});
