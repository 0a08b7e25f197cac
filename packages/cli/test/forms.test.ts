import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorld, type Outcome, toolServer, type World } from "./helpers.ts";

/** One formation for all. */
let world: World;
beforeAll(async () => {
  world = await createWorld();
  const folder = await world.formation("grove", {
    "agents/one.afs": 'schema: "1.0.0"\nid: one\nname: One\ndescription: The only one\n',
    "mcp/shed.afs":
      'schema: "1.0.0"\nid: shed\ndescription: Garden tools\ntype: http\nendpoint: http://127.0.0.1:9/mcp\nauth: { type: bearer, token: "${{ user.credentials.shed }}" }\n',
    "triggers/order.md": "Order ${{ data.order.id }} has come in.",
    "sops/open.md": "---\ntype: sop\nname: Open the gate\n---\n# Open the gate\n\n1. Turn the key\n",
  });
  await world.run(["secrets", "set", "USER_CREDENTIALS_SHED", "one for everybody"], { cwd: folder });
  const up = await world.run(["up", folder, "--detach"]);
  if (up.code !== 0) throw new Error(up.stderr);
  await muxi("chat", "My favourite tea is Assam.", "--user", "ann", "--session", "s1");
  await writeFile(join(world.home, "order.json"), '{"order":{"id":7}}');
});
afterAll(() => world.close());

const muxi = (...args: string[]): Promise<Outcome> => world.run(args);
const muxiWith = (input: string, ...args: string[]): Promise<Outcome> => world.run(args, { input });

/** What a command that succeeds prints. */
const shown = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await muxi(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
};

const dataOf = async (...args: string[]) => JSON.parse(await shown(...args, "--json"));

test.each<[form: string, shows: RegExp]>([
  ["agents list", /^ID +NAME +DESCRIPTION\none +One +The only one\n$/],
  ["agents ls -v", /^agents:\n {2}- id: one\n/],
  ["agents show one", /^id: one\nname: One\n/],
  ["mcp show shed --raw", /^id: shed\n/],
  ["sops list", /^NAME +TITLE\nopen +Open the gate\n$/],
  ["sops show open --raw", /1\. Turn the key/],
  ["triggers list", /^NAME\norder\n$/],
  ["triggers show order", /^Order \$\{\{ data\.order\.id \}\} has come in\.\n$/],
  ["triggers run order --file order.json", /\S/],
  ["triggers run order --sync --data @order.json", /\S/],
  ["triggers run order --async --file order.json", /^✓ order was started\./],
  ["scheduler status", /^enabled: true\ntimezone: /],
  ["scheduler list -u nobody", /^Nothing is scheduled\n$/],
  ["sessions list -u ann", /^SESSION +LAST ACTIVITY +ACTIVE\ns1 +\d{4}-\d\d-\d\d \d\d:\d\d +yes\n$/],
  ["sessions -u ann list --limit 1", /\ns1 /],
  ["sessions show s1 -u ann", /^session_id: s1\nuser_id: ann\n/],
  ["sessions messages s1 -u ann", /^› My favourite tea is Assam\.\n {2}\S/],
  ["sessions queue s1 -u ann", /^Nothing waits\n$/],
  ["chat Hello -u zoe -s s9 --on-busy interrupt", /\S/],
  ["sessions messages s1 -n 1 -u ann", /^ {2}\S.*\n$/],
  ["requests list", /^REQUEST +USER +STATUS +BEGUN +WAITS FOR\n/],
  ["requests list ann", /\nreq_\w+ +ann +completed /],
  ["requests list nobody", /^No requests\n$/],
  ["memory list -u ann", /^ID +SINCE +CONTENT\nmem_\w+ .*Assam/],
  ["memory list --user nobody", /^Nothing is remembered yet\n$/],
  ["memory status", /^buffer:\n {2}size: \d+\n/],
  ["memory buffer -u ann", /^SESSION +MESSAGES +LAST ACTIVITY\ns1 +2 /],
  ["memory -u ann buffer list", /\ns1 +2 /],
  ["memory buffer -u ann list", /\ns1 +2 /],
  ["memory buffer list -u ann", /\ns1 +2 /],
  ["memory buffer status", /^total_entries: \d+\n/],
  ["memory buffer --stats", /^total_entries: \d+\n/],
  ["credentials list", /^No credentials\n$/],
  ["creds ls", /^No credentials\n$/],
  ["credentials services", /^SERVICE +SERVER +DESCRIPTION\nshed +shed +Garden tools\n$/],
  ["logging list", /^No destinations\n$/],
  ["logging status", /^system:\n/],
  ["audit ls", /^(Nothing was changed yet|WHEN +ACTION)/],
])("muxi %s", async (form, shows) => {
  expect(await shown(...form.split(" "))).toMatch(shows);
});

test("muxi mcp list", async () => {
  // Its warnings depend on whether the server was tried yet.
  const { code, stdout } = await muxi("mcp", "list");
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^ID +TYPE +STATE +TOOLS\nshed +http +/),
  });
});

test("a job is added, listed, changed, paused, resumed and removed", async () => {
  const added = await shown("scheduler", "add", "recurring", "0 9 * * 1", "Weekly report", "-u", "ann");
  const [, id = ""] =
    /^✓ Added (job_\w+): At 09:00, only on Monday \(UTC\), next at \d{4}-/.exec(added) ?? [];
  expect(await shown("jobs", "update", id, "--title", "Monday", "--schedule", "every day at 7am")).toContain(
    `Changed ${id}: At 07:00`,
  );
  expect(await shown("scheduler", "ls")).toMatch(
    /^ID +USER +SCHEDULE +NEXT RUN +STATUS +TITLE +MESSAGE\njob_\w+ +ann +every day at 7am +\d.* active +Monday +Weekly report\n$/,
  );
  expect(await shown("scheduler", "pause", id)).toContain(`Paused ${id}`);
  expect(await dataOf("scheduler", "show", id)).toMatchObject({ id, status: "paused", title: "Monday" });
  expect(await shown("scheduler", "resume", id)).toContain(`Resumed ${id}, next at`);
  expect(await shown("scheduler", "remove", id)).toBe(`✓ Removed ${id}\n`);
  expect(await shown("jobs")).toBe("Nothing is scheduled\n");
});

test.each<[args: string[], job: object]>([
  [["once", "2036-12-31", "New year"], { type: "one_time", run_at: "2036-12-31T00:00:00.000Z" }],
  [["once", "2036-12-31 14:00", "Noon"], { type: "one_time", run_at: "2036-12-31T14:00:00.000Z" }],
  [["every weekday at 9am", "News"], { type: "prompt", cron_expression: "0 9 * * 1-5", message: "News" }],
  [["--schedule", "0 9 * * *", "--message", "News"], { type: "prompt", message: "News" }],
  [["recurring", "News", "--schedule", "0 9 * * *"], { type: "recurring", message: "News" }],
])("muxi jobs add %j", async (args, job) => {
  const added = await dataOf("jobs", "add", ...args, "--title", "One");
  expect(added).toMatchObject({ ...job, user_id: "0", title: "One" });
  await shown("jobs", "rm", added.id);
});

test("a memory is added and deleted", async () => {
  const added = await shown("memory", "add", "-u", "mia", "preference", "Prefers dark mode");
  const [, id = ""] = /^✓ Added (mem_\w+)\n$/.exec(added) ?? [];
  expect(await dataOf("memory", "list", "-u", "mia")).toMatchObject({
    memories: [{ id, content: "Prefers dark mode", metadata: { type: "preference" } }],
  });
  const edited = await shown(
    "memory",
    "edit",
    id,
    "Prefers light mode",
    "--pin",
    "--ttl",
    "3600",
    "-u",
    "mia",
  );
  expect(edited).toBe(`✓ Changed ${id}: Prefers light mode\n`);
  expect(await shown("memory", "why", id, "-u", "mia")).toMatch(
    /^memory +Prefers light mode\nsince +\d.*\nsource +user_edit\npinned +yes\nexpires +\d.*\n\d.+ to .+: Prefers dark mode\n$/,
  );
  await shown("memory", "edit", id, "--no-pin", "--no-ttl", "--collection", "goals", "-u", "mia");
  expect(await dataOf("memory", "why", id, "-u", "mia")).toMatchObject({
    pinned: false,
    expires_at: null,
    metadata: { collection: "goals" },
  });
  expect(await shown("memory", "forget", id, "-u", "mia")).toBe(`✓ Deleted ${id}\n`);
  expect(await shown("memory", "-u", "mia")).toBe("Nothing is remembered yet\n");
});

test("faults of memories are shown, of all users or of one", async () => {
  await shown("memory", "add", "identity", "The user lives in Lisbon", "-u", "noa");
  expect(await shown("memory", "lint", "-u", "noa")).toBe("No faults in 1 memories of 1 users\n");
  await shown("memory", "add", "identity", "The user lives in Porto", "-u", "noa");
  expect(await shown("memory", "lint", "-u", "noa")).toMatch(
    /contradiction +noa +.*The user lives in Porto +mem_/,
  );
  expect(await dataOf("memory", "lint")).toMatchObject({ user_id: null, report: { contradictions: 1 } });
});

test("what was learned says where from, and is exported and brought in for another user once", async () => {
  const { memories } = await dataOf("memory", "list", "-u", "ann");
  const why = await shown("memory", "why", memories[0].id, "-u", "ann");
  expect(why).toMatch(/source +extraction\nsaid +My favourite tea is Assam\.\nsession +s1\nmessage +msg_\w+/);

  const printed = await shown("memory", "export", "-u", "ann");
  expect(JSON.parse(printed)).toMatchObject({ content: "My favourite tea is Assam.", session_id: "s1" });
  expect(await shown("memory", "export", "--file", "ann.jsonl", "-u", "ann")).toMatch(
    /^✓ Wrote .+ann\.jsonl\n$/,
  );
  const bringIn = () => shown("memory", "import", "ann.jsonl", "-u", "ben");
  expect(await bringIn()).toBe("✓ Brought in 1; 0 were known already, 0 cannot be used\n");
  expect(await bringIn()).toBe("✓ Brought in 0; 1 were known already, 0 cannot be used\n");
  expect(await shown("memory", "list", "-u", "ben")).toContain("Assam");
});

test("a session is saved, deleted and restored", async () => {
  const saved = await shown("sessions", "messages", "s1", "-u", "ann", "--json");
  await writeFile(join(world.home, "backup.json"), saved);
  expect(await shown("sessions", "restore", "s2", "backup.json", "-u", "ann")).toBe(
    "✓ Restored 2 messages to s2\n",
  );
  expect((await dataOf("sessions", "messages", "s2", "-u", "ann")).messages[0].content).toBe(
    "My favourite tea is Assam.",
  );
  const clear = ["memory", "buffer", "clear", "-u", "ann"];
  expect(await muxi(...clear)).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
  expect(await shown(...clear, "-s", "s2", "--force")).toBe("✓ Deleted session 's2': 2 messages\n");
  expect(await dataOf("sessions", "list", "-u", "ann")).toMatchObject({ count: 1 });
  await shown("memory", "buffer", "--clear", "--user", "ann", "--force");
  expect(await shown("sessions", "list", "-u", "ann")).toBe("No sessions yet\n");
  await writeFile(join(world.home, "backup.json"), '[{"role":"user"}]');
  expect(await muxi("sessions", "restore", "s2", "backup.json")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("backup.json holds no messages"),
  });
});

test("a credential is added, shown and deleted", async () => {
  const { stdout } = await muxiWith("shed-token-123456789\n", "credentials", "add", "shed", "-u", "ann");
  const [, id = ""] = /^✓ Added (cred_\w+): shed-to\*+789\n$/.exec(stdout) ?? [];
  expect(await dataOf("credentials", "show", id, "-u", "ann")).toMatchObject({ service: "shed" });
  expect(await shown("credentials", "rm", id, "-u", "ann", "--force")).toBe(`✓ Deleted ${id}\n`);
  const nothing = await muxiWith("", "credentials", "add", "shed", "-u", "ann");
  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining("There is no token") });
});

test("an identifier is linked, resolved, listed and unlinked", async () => {
  expect(await shown("users", "link", "-u", "mia", "mia@example.com", "--type", "email")).toBe(
    "✓ Linked mia@example.com to mia\n",
  );
  expect(await shown("users", "resolve", "mia@example.com")).toMatch(
    /^identifier: mia@example\.com\nmuxi_user_id: usr_/,
  );
  expect(await shown("users", "identifiers", "-u", "mia")).toMatch(
    /^IDENTIFIER +TYPE +SINCE\nmia +unknown .*\nmia@example\.com +email .*\n$/,
  );
  expect(await shown("users", "list")).toMatch(/\nmia@example\.com +email +usr_\w+ +\d/);
  expect(await shown("users", "unlink", "mia@example.com")).toBe("✓ Unlinked mia@example.com\n");
  expect((await muxi("users", "resolve", "mia@example.com")).code).toBe(1);
});

test("the user is shown and set", async () => {
  expect(await shown("user", "show")).toBe("Default     not set\n");
  await shown("user", "default", "ann");
  expect(await dataOf("user", "show")).toEqual({ default: "ann", formation: null });
  expect(await shown("memory")).toContain("Assam");
});

test("a request is shown", async () => {
  const [{ request_id: id }] = (await dataOf("requests", "list", "ann")).requests;
  const text = await shown("request", id);
  const time = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d";
  for (const field of [
    `Request +${id}`,
    "Kind +chat",
    "User +ann",
    "Session +\\S+",
    "Status +completed",
    `Begun +${time}`,
    `Ended +${time}`,
    "Took +[\\d.]+ m?s",
    "Agent +one",
    "Model +builtin/extractive",
    "Tokens +\\d+ in, \\d+ out",
  ]) {
    expect(text).toMatch(new RegExp(`^${field}$`, "m"));
  }
  const { result } = await dataOf("requests", id);
  expect(text.endsWith(`\n\n${result}\n`)).toBe(true);
  expect(text).not.toContain("Error");
  expect(await shown("requests", id, "-v")).toContain(`request_id: ${id}\n`);
  expect(await shown("requests", "show", id)).toBe(await shown("requests", id));
});

test("a request is cancelled", async () => {
  const { request_id: id } = await dataOf("triggers", "run", "order", "--async", "--file", "order.json");
  const { code, stdout, stderr } = await muxi("requests", "cancel", id);
  // It may have ended before.
  expect(code === 0 ? stdout : stderr).toMatch(new RegExp(`Cancelled ${id}|${id}.* (completed|ended)`));
  expect(await muxi("requests", "cancel", "req_none", "ann")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("req_none"),
  });
});

test("a call that waits for a yes is shown, and answered", async () => {
  const forest = await createWorld();
  try {
    const tools = `${toolServer("wood", [{ name: "fell" }])}tools: { approval: always }\n`;
    const folder = await forest.formation("forest", { "mcp/wood.afs": tools });
    expect(await forest.run(["up", folder, "--detach"])).toMatchObject({ code: 0 });
    const asked = await forest.run(["chat", "call:wood__fell {}", "--user", "ann"]);
    expect(asked.stdout).toContain("May I call wood__fell with {}?");
    const listed = JSON.parse((await forest.run(["requests", "list", "ann", "--json"])).stdout);
    const { request_id: id } = listed.requests[0];
    expect((await forest.run(["requests", id])).stdout).toMatch(/^Waits for +approval$/m);
    expect(await forest.run(["requests", "answer", id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--approve or --deny"),
    });
    expect((await forest.run(["requests", "answer", id, "not that one", "--deny"])).stdout).toContain(
      `Denied: ${id} goes on`,
    );
    expect(await forest.run(["requests", "answer", "req_none", "--approve"])).toMatchObject({ code: 1 });
  } finally {
    await forest.close();
  }
});

describe("what does not exist is an error that says what there is", () => {
  test.each([
    ["agents lits", "'muxi agents' has the commands list, show"],
    ["sessions lits -u ann", "'muxi sessions' has the commands list, show, messages, queue, restore"],
    ["requests abort", "'muxi requests' has the commands list, show, answer, cancel"],
    ["scheduler stop", "'muxi jobs' has the commands list, show, status, add"],
    ["users forget", "'muxi users' has the commands list, identifiers, resolve, link, unlink"],
    ["users identifiers", "Use --user <id>"],
    ["users link me@example.com", "Use --user <id>"],
    [
      "memory erase",
      "'muxi memory' has the commands list, status, why, lint, add, edit, delete, export, import, buffer",
    ],
    ["memory edit mem_1", "Write the text that is right"],
    ["memory edit mem_1 Text --ttl soon", "whole number of seconds"],
    ["memory why mem_none -u ann", "Memory 'mem_none' not found"],
    ["memory import none.jsonl", "The file cannot be read: "],
    ["memory import order.json", "Line 1 of "],
    ["memory buffer wipe", "'muxi memory buffer' has the commands list, status, clear"],
    ["sessions messages none -u ann", "Session 'none'"],
    ["jobs add often", "A job needs a schedule and a message"],
    ["jobs update job_1", "Use --schedule, --message or --title"],
    ["memory buffer clear", "--user <id>, --session <id>, or --all"],
    ["memory buffer --all", "need --clear"],
    ["sessions queue none -u ann", "Session 'none' not found"],
    ["sessions reword none req_1 Text -u ann", "Session 'none' not found"],
    ["sessions withdraw none req_1 -u ann", "Session 'none' not found"],
    ["chat Hello --on-busy wait", "enqueue, reject, interrupt, steer"],
    ["sessions restore s2 none.json", "The file cannot be read: "],
    ["triggers run order --data @none.json", "The file cannot be read: "],
    ["triggers run order --file none.json", "The file cannot be read: "],
  ])("muxi %s", async (form, message) => {
    const { code, stdout, stderr } = await muxi(...form.split(" "));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("also as data", async () => {
    const { stdout, stderr } = await muxi("agents", "lits", "--json");
    expect(stdout).toBe("");
    expect(JSON.parse(stderr).error.detail).toEqual(["'muxi agents' has the commands list, show"]);
  });
});
