import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test, vi } from "vitest";
import { flatFile, generateFlat } from "../scripts/generate-flat.ts";
import { createGroups } from "../src/formation/groups/groups.ts";
import { FormationClient } from "../src/index.ts";
import { sendData, serve } from "./server.ts";

/** Every method of the groups: where it is, such as `scheduler.jobs.create`, and its name on the client itself. */
const methodsIn = (group: object, path: readonly string[] = []): [path: string, name: string][] =>
  Object.entries(group).flatMap(([key, member]): [string, string][] =>
    typeof member === "function"
      ? [[[...path, key].join("."), member.name]]
      : methodsIn(member, [...path, key]),
  );

const methods = methodsIn(createGroups());

const memberAt = (value: object, path: string): unknown =>
  path.split(".").reduce<unknown>((found, name) => Reflect.get(Object(found), name), value);

test("the generated methods of the client are those of the groups (run npm run generate)", async () => {
  expect(await readFile(flatFile, "utf8")).toBe(await generateFlat());
});

test.each(methods)("%s is the client's %s too", (path, name) => {
  const formation = new FormationClient({ url: "http://127.0.0.1:9" });
  expect(memberAt(formation, path)).toBeTypeOf("function");
  expect(memberAt(formation, path)).toBe(memberAt(formation, name));
});

test("tests can replace methods, in groups and on the client itself", async () => {
  const formation = new FormationClient({ url: "http://127.0.0.1:9", clientKey: "ck" });
  vi.spyOn(formation, "getTriggers").mockRejectedValue(new Error("on the client"));
  vi.spyOn(formation.triggers, "list").mockRejectedValue(new Error("in the group"));
  await expect(formation.getTriggers()).rejects.toThrow("on the client");
  await expect(formation.triggers.list()).rejects.toThrow("in the group");
  // Those of other clients stay as they are.
  const other = new FormationClient({ url: "http://127.0.0.1:9" });
  await expect(other.triggers.list()).rejects.toThrow("clientKey: is needed");
});

test("the groups of a client for one user have that user, and those of the client it came from have not", async () => {
  const server = await serve((_, response) => sendData(response, { jobs: [] }));
  const formation = new FormationClient({ url: server.url, clientKey: "ck", adminKey: "ak" });
  const ann = formation.as("ann");
  await formation.scheduler.jobs.list();
  await ann.scheduler.jobs.list();
  await ann.scheduler.jobs.list({ userId: "bob" });
  await ann.memories.lint();
  expect(server.received.map(({ headers }) => headers["x-muxi-user-id"])).toEqual([
    undefined,
    "ann",
    "bob",
    undefined,
  ]);
  expect(server.received.at(-1)?.body).toBe('{"user_id":"ann"}');
});

// As other SDKs, and pages about them, have these calls.
test.each<[call: string, run: (formation: FormationClient) => unknown, right: string]>([
  [
    "getSessionMessages",
    (f) => Reflect.apply(f.getSessionMessages, f, ["s_1", "u"]),
    "{ sessionId, userId, limit, before }",
  ],
  [
    "getMemories",
    (f) => Reflect.apply(f.getMemories, f, ["u"]),
    "{ userId, limit, offset, before, scopes, collections }",
  ],
  ["deleteMemory", (f) => Reflect.apply(f.deleteMemory, f, ["u", "m"]), "{ memoryId, userId }"],
  ["deleteMemory", (f) => Reflect.apply(f.memories.delete, f.memories, ["m"]), "{ memoryId, userId }"],
  [
    "createSchedulerJob",
    (f) => Reflect.apply(f.createSchedulerJob, f, ["prompt", "0 9 * * *", "Hi", "u"]),
    "{ userId, jobType, schedule, message, exclusionRules, title }",
  ],
  [
    "getSessions",
    (f) => Reflect.apply(f.getSessions, f, [{ limit: 5 }, "u"]),
    "{ userId, limit, before, activeOnly }",
  ],
  ["getTriggers", (f) => Reflect.apply(f.getTriggers, f, ["u"]), ""],
  ["getSecret", (f) => Reflect.apply(f.getSecret, f, ["KEY"]), "{ key }"],
  ["streamEvents", async (f) => Reflect.apply(f.streamEvents, f, ["u"]), "{ userId, sessionId }"],
  ["chat", (f) => Reflect.apply(f.chat, f, [{ message: "Hi" }, "u"]), "{ message }, { userId }"],
  ["chat", (f) => Reflect.apply(f.chat, f, ["Hi"]), "{ message }, { userId }"],
  ["chatStream", async (f) => Reflect.apply(f.chatStream, f, ["Hi", "u"]), "{ message }, { userId }"],
  ["audioChat", (f) => Reflect.apply(f.audioChat, f, [[], "u"]), "{ files }, { userId }"],
])("%s with arguments by position sees the right call", async (name, run, right) => {
  const formation = new FormationClient({ url: "http://127.0.0.1:9", clientKey: "ck", adminKey: "ak" });
  await expect(run(formation)).rejects.toMatchObject({
    name: "ConfigurationError",
    option: "arguments",
    message: `arguments: call ${name}(${right})`,
  });
});

test("an editor shows the same description for a method of a group and of the client itself", () => {
  const file = fileURLToPath(new URL("hover.ts", import.meta.url));
  const lines = methods.flatMap(([path, name]) => [`formation.${path};`, `formation.${name};`]);
  const start =
    'import { FormationClient } from "../src/index.ts";\nconst formation = new FormationClient();\n';
  const text = start + lines.join("\n");
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const service = ts.createLanguageService({
    getCurrentDirectory: () => root,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) =>
      ts.ScriptSnapshot.fromString(name === file ? text : (ts.sys.readFile(name) ?? "")),
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });

  let position = start.length;
  const shown = lines.map((line) => {
    position += line.length + 1;
    const info = service.getQuickInfoAtPosition(file, position - 3);
    return [line, ts.displayPartsToString(info?.documentation), info?.tags?.map(({ name }) => name)];
  });
  const described = methods.map(([path, name], index) => ({
    method: `${path}, ${name}`,
    group: shown[2 * index]?.slice(1),
    client: shown[2 * index + 1]?.slice(1),
  }));
  expect(described.filter(({ group }) => !group?.[0])).toEqual([]);
  expect(described.map(({ client }) => client)).toEqual(described.map(({ group }) => group));
}, 120_000);
