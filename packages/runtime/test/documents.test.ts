import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Answer, manifest, startFormation, writeFormation } from "./harness.ts";
import { databaseOf, onPostgres } from "./postgres.ts";

const admin = { key: "admin" } as const;

const agentsWith = (agents: Readonly<Record<string, string>>) =>
  `${manifest}agents:\n${Object.entries(agents)
    .map(([id, knowledge]) => `  - { id: ${id}, name: N, description: D, knowledge: ${knowledge} }\n`)
    .join("")}  - { id: quiet, name: N, description: Knows nothing }\n`;

const twoSources =
  "{ sources: [{ id: pears, path: docs/pears }, { path: docs/plums.md }, { path: docs/none }] }";

const startOrchard = async (knowledge = twoSources) => {
  const dir = await writeFormation({
    "formation.afs": agentsWith({ grower: knowledge }),
    "docs/pears/conference.md": "Conference pears are picked in September.",
    "docs/pears/broken.docx": "PK and nothing more",
    "docs/plums.md": "Plums fall in August.",
  });
  const api = await startFormation(dir);
  const write = (file: string, text: string) => writeFile(path.join(dir, file), text);
  const found = async (query: string) => {
    const { body } = await api.get(
      `/agents/grower/knowledge/search?query=${encodeURIComponent(query)}&limit=1`,
      admin,
    );
    return body.data.passages[0]?.text;
  };
  const sync = (body?: object) => api.call("POST", "/agents/grower/knowledge/sync", { ...admin, body });
  return { api, dir, write, found, sync };
};

const errorOf = ({ status, body }: Answer) => [status, body.error.code];

test("what agents know is listed: in numbers, document by document with the reasons, and as what a question finds", async () => {
  const { api, sync } = await startOrchard();
  await sync();
  const { body } = await api.get("/knowledge", admin);
  expect(body.data).toMatchObject({
    count: 1,
    agents: [
      {
        agent_id: "grower",
        sources: ["pears", "docs/plums.md", "docs/none"],
        state: "ready",
        ...{ documents: 3, unread: 1, passages: 2 },
        indexed_at: expect.any(Number),
      },
    ],
  });

  const documents = [];
  let before = "";
  do {
    const page = await api.get(`/agents/grower/knowledge?limit=2${before}`, admin);
    documents.push(...page.body.data.documents);
    before = page.body.data.next && `&before=${page.body.data.next}`;
  } while (before);
  expect(documents).toHaveLength(3);
  const unread = await api.get("/agents/grower/knowledge?state=unread", admin);
  expect(unread.body.data.documents).toEqual([
    {
      document: "docs/pears/broken.docx",
      state: "unread",
      failure: { code: "broken", reason: "it is damaged" },
      passages: 0,
      indexed_at: expect.any(Number),
    },
  ]);
  expect((await api.get("/agents/grower/knowledge?state=ready", admin)).body.data.count).toBe(2);

  const search = await api.get("/agents/grower/knowledge/search?query=When%20do%20plums%20fall", admin);
  expect(search.body.data.passages).toEqual([
    expect.objectContaining({
      document: "docs/plums.md",
      place: "docs/plums.md",
      text: "Plums fall in August.",
    }),
  ]);
  expect((await api.get("/agents/quiet/knowledge/search?query=plums", admin)).body.data.count).toBe(0);
  expect((await api.get("/agents/quiet/knowledge", admin)).body.data.documents).toEqual([]);
});

test("a sync finds what was edited, added and removed while the formation runs", async () => {
  const { dir, write, found, sync } = await startOrchard();
  await sync();
  expect(await found("pears")).toContain("September");
  await write("docs/pears/conference.md", "Conference pears are picked in October.");
  await write("docs/pears/comice.md", "Comice melts on the tongue.");
  await rm(path.join(dir, "docs/plums.md"));
  const { body } = await sync();
  expect(body).toMatchObject({
    type: "knowledge.synced",
    data: {
      agent_id: "grower",
      status: "completed",
      results: [
        { source_id: "pears", status: "synced", documents: 3, read: 2, unread: 1, passages: 2 },
        {
          source_id: "docs/plums.md",
          status: "failed",
          error:
            "docs/plums.md could not be looked at (ENOENT): put it into the formation's folder, or correct its path",
        },
        { source_id: "docs/none", status: "failed" },
      ],
      removed: 1,
    },
  });
  expect(await found("conference")).toContain("October");
  expect(await found("tongue")).toContain("Comice");
  // Other fruit may be near in meaning.
  expect(await found("plums")).not.toBe("Plums fall in August.");
  const one = await sync({ source_id: "pears" });
  expect(one.body.data).toMatchObject({ results: [{ source_id: "pears", read: 0 }], removed: 0 });
});

test("a call that does not wait is answered before the documents are read, and the list says when they are", async () => {
  const { api, write, found, sync } = await startOrchard();
  await write("docs/plums.md", "Plums fall in July.");
  const { status, body } = await sync({ wait: false });
  expect([status, body.data.status]).toEqual([202, "processing"]);
  await untilExpected("it is ready", async () => {
    const { data } = (await api.get("/knowledge", admin)).body;
    expect(data.agents[0].state).toBe("ready");
  });
  expect(await found("plums")).toContain("July");
  const rebuild = await api.call("POST", "/knowledge/rebuild", { ...admin, body: { wait: false } });
  expect([rebuild.status, rebuild.body.data.status]).toEqual([202, "processing"]);
});

test("a rebuild reads documents anew that have not changed: all, or those of one source", async () => {
  const { api, sync, found } = await startOrchard();
  await sync();
  const timesOf = async () => {
    const { documents } = (await api.get("/agents/grower/knowledge", admin)).body.data;
    return new Map<string, number>(
      documents.map((each: { document: string; indexed_at: number }) => [each.document, each.indexed_at]),
    );
  };
  const first = await timesOf();
  const one = await api.call("POST", "/knowledge/rebuild", { ...admin, body: { source_id: "pears" } });
  expect(one.body.data).toEqual({
    status: "completed",
    source_id: "pears",
    agents: {
      grower: {
        rebuilt: [{ source_id: "pears", node_count: 1 }],
        failed: [],
        skipped: [{ source_id: "docs/plums.md" }, { source_id: "docs/none" }],
      },
    },
  });
  const second = await timesOf();
  expect(second.get("docs/plums.md")).toBe(first.get("docs/plums.md"));
  expect(second.get("docs/pears/conference.md")).not.toBe(first.get("docs/pears/conference.md"));

  const { data } = (await api.call("POST", "/knowledge/rebuild", admin)).body;
  expect(data.agents.grower).toMatchObject({
    rebuilt: [
      { source_id: "pears", node_count: 1 },
      { source_id: "docs/plums.md", node_count: 1 },
    ],
    failed: [{ source_id: "docs/none", error: expect.stringContaining("ENOENT") }],
    skipped: [],
  });
  expect((await timesOf()).get("docs/plums.md")).not.toBe(second.get("docs/plums.md"));
  expect(await found("plums")).toContain("August");
});

test("knowledge is for the admin key, and an agent without sources has none to look at", async () => {
  const { api, sync } = await startOrchard();
  for (const [method, route] of [
    ["GET", "/knowledge"],
    ["GET", "/agents/grower/knowledge"],
    ["GET", "/agents/grower/knowledge/search?query=plums"],
    ["POST", "/agents/grower/knowledge/sync"],
    ["POST", "/knowledge/rebuild"],
  ] as const) {
    expect(errorOf(await api.call(method, route))).toEqual([401, "UNAUTHORIZED"]);
  }
  const quiet = await api.call("POST", "/agents/quiet/knowledge/sync", admin);
  expect(errorOf(quiet)).toEqual([400, "INVALID_REQUEST"]);
  const body = { agent_id: "quiet", source_id: "pears" };
  expect(errorOf(await api.call("POST", "/knowledge/rebuild", { ...admin, body }))).toEqual([
    404,
    "RESOURCE_NOT_FOUND",
  ]);
  expect((await sync({ source_id: 7 })).status).toBe(422);
});

test("what agents knew that are gone, or that know nothing any more, is deleted at the next start", async () => {
  const dir = await writeFormation({
    "formation.afs": agentsWith({
      grower: "{ sources: [{ path: docs }] }",
      old: "{ sources: [{ path: docs }] }",
    }),
    "docs/plums.md": "Plums fall in August.",
  });
  const started = onPostgres ? { database: await databaseOf(dir) } : {};
  const first = await startFormation(dir, started);
  for (const agent of ["grower", "old"]) {
    await first.call("POST", `/agents/${agent}/knowledge/sync`, admin);
    expect((await first.get(`/agents/${agent}/knowledge`, admin)).body.data.count).toBe(1);
  }
  await first.runtime.close(0);
  await writeFile(
    path.join(dir, "formation.afs"),
    agentsWith({
      grower: "{ sources: [{ path: docs }] }",
      old: "{ enabled: false, sources: [{ path: docs }] }",
    }),
  );
  const second = await startFormation(dir, started);
  await untilExpected("it is deleted", async () =>
    expect((await second.get("/agents/old/knowledge", admin)).body.data.documents).toEqual([]),
  );
  expect((await second.get("/agents/grower/knowledge", admin)).body.data.count).toBe(1);
});

test("a formation that stops tells those who wait for its documents", async () => {
  const { api, dir } = await startOrchard("{ max_file_size: 100000000, sources: [{ path: docs }] }");
  const line = "The tree number seven stands beside the tree number eight.\n\n";
  await writeFile(path.join(dir, "docs/large.md"), line.repeat(50_000));
  const waiting = api.call("POST", "/agents/grower/knowledge/sync", admin);
  await untilExpected("it is being read", async () => {
    const { data } = (await api.get("/knowledge", admin)).body;
    expect(data.agents[0]).toMatchObject({ state: "indexing", progress: { found: 2 } });
  });
  await api.runtime.close(0);
  expect(errorOf(await waiting)).toEqual([503, "SERVICE_UNAVAILABLE"]);
});
