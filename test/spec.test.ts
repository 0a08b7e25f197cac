import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import type { Command } from "commander";
import { expect, test } from "vitest";
import * as z from "zod";
import { commandTree } from "../packages/cli/src/program/program.ts";
import { olderFields } from "../packages/formation/src/legacy.ts";
import { agentSchema } from "../packages/formation/src/schema/agent.ts";
import { noEffectOf } from "../packages/formation/src/schema/effects.ts";
import { manifestSchema } from "../packages/formation/src/schema/manifest.ts";
import { mcpServerSchema, toolFilterSchema } from "../packages/formation/src/schema/mcp-server.ts";
import { modelEntriesSchema, modelSettingsSchema } from "../packages/formation/src/schema/models.ts";
import { skillFrontmatter } from "../packages/formation/src/skills.ts";
import { sopFrontmatter } from "../packages/formation/src/sops.ts";
import { triggerFrontmatter } from "../packages/formation/src/triggers.ts";
import { codeIn, readPage, sectionOf, sectionsOf } from "./spec-pages.ts";

const root = path.join(import.meta.dirname, "..");

const read = (file: string) => readFile(path.join(root, file), "utf8");

/** Schemas that several places share, and the place that describes them. */
const describedAt = new Map<unknown, string>([
  [modelEntriesSchema, "llm.models"],
  [modelSettingsSchema, "llm.settings"],
  [toolFilterSchema(), "tools"],
]);

/** The dotted paths of all keys that a schema knows: `llm.models[].text`; `<` stands for the names of a record. */
const keysOf = (schema: unknown, reached = ""): string[] => {
  const at = describedAt.get(schema) ?? reached;
  const below = (name: string) => (at === "" ? name : `${at}.${name}`);
  if (schema instanceof z.ZodObject) {
    return [
      at,
      ...Object.entries(schema.shape).flatMap(([name, field]) => keysOf(field, below(name))),
    ].filter((key) => key !== "");
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysOf(option, at));
  if (schema instanceof z.ZodArray) return [at, ...keysOf(schema.element, `${at}[]`)];
  if (schema instanceof z.ZodPipe)
    return keysOf(schema.in instanceof z.ZodTransform ? schema.out : schema.in, at);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return keysOf(schema.unwrap(), at);
  }
  return [schema instanceof z.ZodRecord ? below("<") : at];
};

const isDescribed = (key: string, code: ReadonlySet<string>): boolean =>
  code.has(key.replace(/\.<$/, "")) || [...code].some((text) => key.endsWith("<") && text.startsWith(key));

/** Blocks that only hold fields, and entries of lists: their fields are what is described. */
const isContainer = (key: string, keys: readonly string[]): boolean =>
  key.endsWith("[]") || keys.some((other) => other.startsWith(`${key}.`) || other.startsWith(`${key}[`));

test.each([
  ["the manifest", manifestSchema, undefined],
  ["an agent", agentSchema, ["Agent files", "Knowledge", "Sources elsewhere", "Manifest: llm"]],
  ["an MCP server", mcpServerSchema(), ["MCP server files"]],
  ["a trigger", triggerFrontmatter(), ["Trigger files"]],
  ["a procedure", sopFrontmatter(), ["SOP files"]],
  ["a skill", skillFrontmatter(), ["Skill files"]],
])("docs/spec/formation-files.md has every key of %s", (_, schema, headings) => {
  const sections = sectionsOf("formation-files.md").filter(
    ({ heading }) => heading === "Fields without effect" || (headings?.includes(heading) ?? true),
  );
  const code = new Set(codeIn(sections.map(({ text }) => text).join("\n")));
  const keys = [...new Set(keysOf(schema))];
  expect(keys.length).toBeGreaterThan(1);
  expect(keys.filter((key) => !isContainer(key, keys) && !isDescribed(key, code))).toEqual([]);
});

/** A value that switches nothing off. */
const something = "something";

/** The dotted paths of the fields of a schema that are marked as being without effect. */
const idleBelow = (schema: unknown, reached = ""): string[] => {
  const at = describedAt.get(schema) ?? reached;
  const own = schema instanceof z.ZodType && noEffectOf(schema, something) ? [at] : [];
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape);
    return [
      ...own,
      ...fields.flatMap(([name, field]) => idleBelow(field, at === "" ? name : `${at}.${name}`)),
    ];
  }
  if (schema instanceof z.ZodUnion) return [...own, ...schema.options.flatMap((each) => idleBelow(each, at))];
  if (schema instanceof z.ZodArray) return [...own, ...idleBelow(schema.element, `${at}[]`)];
  if (schema instanceof z.ZodPipe)
    return [...own, ...idleBelow(schema.in instanceof z.ZodTransform ? schema.out : schema.in, at)];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return [...own, ...idleBelow(schema.unwrap(), at)];
  }
  return own;
};

const filesWithFields = [
  manifestSchema,
  agentSchema,
  mcpServerSchema(),
  triggerFrontmatter(),
  sopFrontmatter(),
  skillFrontmatter(),
];

test.each([
  ["Older forms", olderFields],
  ["Fields without effect", filesWithFields.flatMap((schema) => idleBelow(schema))],
])('docs/spec/formation-files.md "%s" has every one', (heading, fields) => {
  const code = codeIn(sectionOf("formation-files.md", heading));
  expect(fields.length).toBeGreaterThan(20);
  expect(fields.filter((field) => !code.includes(field))).toEqual([]);
});

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

const commandsBelow = (command: Command, name: string): { name: string; command: Command }[] => [
  { name, command },
  ...command.commands.flatMap((child) => commandsBelow(child, `${name} ${child.name()}`)),
];

/** Whether something stands in backticks, alone or with more behind it. */
const isWritten = (text: string, words: string): boolean => new RegExp(`\`${words}(?![\\w-])`).test(text);

test("docs/spec/cli.md has every command, and in its section every option", () => {
  const context = {
    env: {},
    cwd: "/",
    home: "/",
    stdin: Readable.from([]),
    stdout: nowhere,
    stderr: nowhere,
  };
  const tree = commandTree(context, async () => {});
  const all = sectionsOf("cli.md");
  const commands = all.slice(all.findIndex(({ heading }) => heading.startsWith("Part 2")));
  const ofAll = codeIn(sectionOf("cli.md", "Calling muxi"));
  expect(ofAll).toEqual(expect.arrayContaining(["--output text", "--json"]));

  const missing: string[] = [];
  for (const { name, command } of commandsBelow(tree, "muxi").slice(1)) {
    const section =
      commands.find(({ heading }) => name === heading || name.startsWith(`${heading} `)) ??
      commands.find((each) => isWritten(each.text, name));
    const text = section?.text ?? "";
    const heads = commands.some(({ heading }) => heading === name);
    if (!heads && command.commands.length === 0 && !isWritten(text, name)) missing.push(name);
    for (const alias of command.aliases()) {
      if (!isWritten(text, alias) && !isWritten(text, `muxi ${alias}`)) missing.push(`${name}, ${alias}`);
    }
    for (const { long, short } of command.options) {
      for (const flag of [long, short]) {
        if (flag && !["--output", "--json"].includes(flag) && !isWritten(text, flag))
          missing.push(`${name} ${flag}`);
      }
    }
  }
  expect(missing).toEqual([]);
});

/** Files of a folder with one of some endings, relative to the repository. */
const filesIn = async (folder: string, ending: RegExp): Promise<string[]> => {
  const names = await readdir(path.join(root, folder), { recursive: true });
  return names
    .filter((name) => ending.test(name) && !/(^|\/)node_modules\//.test(name))
    .map((name) => `${folder}/${name}`)
    .sort();
};

test.each([
  ["cli", "cli.md"],
  ["formation", "formation-files.md"],
  ["runtime", "formation-files.md"],
])("the variables that packages/%s reads are in docs/spec/%s", async (name, page) => {
  const spec = readPage(page);
  const found = new Set<string>();
  for (const file of await filesIn(`packages/${name}/src`, /(?<!\.test)\.ts$/)) {
    const text = await read(file);
    for (const [, variable = ""] of text.matchAll(/\benv\.([A-Z][A-Z0-9_]+)\b/g)) found.add(variable);
    for (const [variable] of text.matchAll(/\bMUXI_[A-Z_]+\b/g)) found.add(variable);
  }
  expect([...found].filter((variable) => !spec.includes(variable))).toEqual([]);
});

/** A constant of waits, with the comment that points at its place in the specification. */
const waits =
  /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export )?const (\w+Waits)(?:: [^=]+)? = (\{[^}]*\}|\[[^\]]*\])/g;

test("every wait between attempts stands in the specification", async () => {
  const missing: string[] = [];
  let policies = 0;
  for (const name of ["client", "runtime", "server"]) {
    for (const file of await filesIn(`packages/${name}/src`, /(?<!\.test)\.ts$/)) {
      const text = await read(file);
      for (const [, call = ""] of text.matchAll(/\bbackoff\([^,]+, ([^)]+)\)/g)) {
        if (!/waits\b/i.test(call)) missing.push(`${file}: backoff(…, ${call}) without a constant of waits`);
      }
      for (const [, comment = "", constant, value = ""] of text.matchAll(waits)) {
        policies += 1;
        const [, page = "formation-api.md", heading = ""] =
          /docs\/spec\/([\w-]+\.md) "([^"]+)"/.exec(comment.replaceAll(/\s*\* ?/g, " ")) ?? [];
        const section = sectionsOf(page).find((each) => each.heading === heading)?.text ?? "";
        for (const [milliseconds] of value.replace(/jitter: [\d.]+/, "").matchAll(/\d[\d_]*/g)) {
          const seconds = String(Number(milliseconds.replaceAll("_", "")) / 1000);
          const isStated = new RegExp(`(?<![\\d.])${seconds.replace(".", "\\.")}(?![\\d]|\\.\\d)`).test(
            section,
          );
          if (!isStated) missing.push(`${file}: ${constant}, ${seconds} s, in ${page} "${heading}"`);
        }
      }
    }
  }
  expect(missing).toEqual([]);
  expect(policies).toBeGreaterThan(8);
});
