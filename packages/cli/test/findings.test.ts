import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeServer, events, type FakeServer } from "./fake-server.ts";
import { createWorld, type World } from "./helpers.ts";

let server: FakeServer;
let world: World;
beforeEach(async () => {
  server = await createFakeServer();
  world = await createWorld({
    MUXI_SERVER_URL: server.url,
    MUXI_KEY_ID: "muxi_pk_a",
    MUXI_SECRET_KEY: "muxi_sk_b",
  });
});
afterEach(async () => {
  await world.close();
  await server.close();
});

const agent =
  'schema: "1.0.0"\nid: one\nname: One\ndescription: An agent of the tests\nsystem_prompt: Be brief\n';
const manifest = (id: string) =>
  `schema: "1.0.0"\nid: ${id}\ndescription: Of the tests\noverlrod: { soul: Warm }\n`;
const files = (id: string) => ({
  "formation.afs": manifest(id),
  "agents/one.afs": agent,
  "node_modules/a.js": "",
});

const findings = [
  ["formation.afs:4 → overlrod", "is an unknown field, so it is ignored", "Did you mean overlord?"],
  [
    "agents/one.afs:5 → system_prompt",
    "is an unknown field, so it is ignored",
    "Did you mean system_message?",
  ],
  ["node_modules", "is left out of a bundle, so on a server tools and providers find no packages in it"],
];

/** Every finding, each in one piece and once. */
const expectFindings = (output: string): void => {
  const lines = output.split("\n").map((line) => line.trim());
  expect(output).toContain("Found 3 warning(s)\n");
  for (const [place = "", ...texts] of findings) {
    expect(lines.filter((line) => line === place)).toHaveLength(1);
    const at = lines.indexOf(place);
    expect(lines.slice(at + 1, at + 1 + texts.length)).toEqual(texts);
  }
};

test("validate, up, up --detach and deploy show what the validation finds, and the formation logs it", async () => {
  const folder = await world.formation("clumsy", files("clumsy"));
  const validated = await world.run(["validate", folder]);
  expect(validated.code).toBe(0);
  expectFindings(validated.stdout);

  const up = world.start(["up", folder]);
  await up.shows("To stop");
  up.kill("SIGINT");
  expectFindings((await up.done).stderr);

  const detached = await world.run(["up", folder, "--detach"]);
  expect(detached.code).toBe(0);
  expectFindings(detached.stderr);
  const log = await readFile(join(world.home, ".muxi/server/logs/clumsy-draft-out.log"), "utf8");
  for (const [place = ""] of findings) expect(log).toContain(place.replace(/:\d+/, ""));
  expect((await world.run(["down"], { cwd: folder })).code).toBe(0);

  const complete = { formation_id: "clumsy", port: 8000, status: "running" };
  server.on("POST /rpc/formations", events(["complete", complete]));
  const deployed = await world.run(["deploy", folder]);
  expect(deployed.code).toBe(0);
  expectFindings(deployed.stderr);
});

test("as data, up and deploy have them in warnings", async () => {
  const folder = await world.formation("clumsy", files("clumsy"));
  const warnings = [
    { file: "formation.afs", line: 4, path: "overlrod", hint: "Did you mean overlord?" },
    { file: "agents/one.afs", line: 5, path: "system_prompt", hint: "Did you mean system_message?" },
    { file: "node_modules" },
  ];
  const up = await world.run(["up", folder, "--detach", "--output", "json"]);
  expect(JSON.parse(up.stdout)).toMatchObject({ warnings });
  const packed = await world.run(["deploy", folder, "--dry-run", "--output", "json"]);
  expect(JSON.parse(packed.stdout)).toMatchObject({ dry_run: true, warnings });
});

test("errors come with the warnings, one of which may be their cause", async () => {
  const lacking = manifest("lacking").replace("description", "descripton");
  const folder = await world.formation("lacking", { ...files("lacking"), "formation.afs": lacking });
  for (const command of ["up", "deploy"]) {
    const { code, stderr } = await world.run([command, folder]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /formation\.afs:3 → description\n +is required\n +Did you mean description by descripton\?/,
    );
    expect(stderr).toContain("formation.afs:4 → overlrod");
  }
});
