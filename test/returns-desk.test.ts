import { cp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createWorld } from "../packages/cli/test/helpers.ts";
import {
  type ReceivedRequest,
  type Reply,
  startModelServer,
  writtenIn,
} from "../packages/runtime/test/model-server.ts";
import { runAsWritten } from "./doc-pages.ts";

const example = path.join(import.meta.dirname, "../examples/returns-desk");

/** Finds the request that waits, and waits for the end of one that was answered. */
const helpers = `
waiting() { npx muxi requests | grep -o 'req_[a-z0-9]*' | head -1; }
ended() { until npx muxi requests show "$1" | grep -Eq 'completed|failed|cancelled'; do sleep 0.2; done; }
`;

/** Runs the commands of the example's page, with other words in place of some. */
const runPage = async (settings: NodeJS.ProcessEnv, replaced: Readonly<Record<string, string>> = {}) => {
  const world = await createWorld(settings);
  onTestFinished(() => world.close());
  await cp(example, path.join(world.home, "examples/returns-desk"), { recursive: true });
  const page = await readFile(path.join(example, "README.md"), "utf8");
  const commands = [...page.matchAll(/^ {4}(npx muxi .*?)(?: {2,}#.*)?$/gm)].map(
    ([, command = ""]) => command,
  );
  expect(commands).toHaveLength(6);
  const script = commands
    .join("\n")
    .replace("npx muxi requests\n", "npx muxi requests\nid=$(waiting)\n")
    .replace("--approve\n", '--approve\nended "$id"\n')
    .replaceAll("<request>", '"$id"');
  const changed = Object.entries(replaced).reduce((text, [from, to]) => text.replaceAll(from, to), script);
  return runAsWritten(world, `${helpers}${changed}\n`);
};

test("the returns desk asks before it pays, pays once that was approved, and writes the letter", {
  timeout: 120_000,
}, async () => {
  const output = await runPage({});
  expect(output).toContain('May I call desk__refund with {"order":"1017"}?');
  expect(output).toContain("A letter about order 1017 is in the post: the money is on its way");
});

test("what is not approved is not paid", { timeout: 120_000 }, async () => {
  const output = await runPage({}, { "--approve": '--deny "Not without a receipt"' });
  expect(output).not.toContain("the money is on its way");
  expect(output).toContain("A letter about order 1017 is in the post: nothing is paid back");
});

test("a refund that waits is made once by the release that is deployed meanwhile, and the procedure goes on as it began", {
  timeout: 180_000,
}, async () => {
  const world = await createWorld();
  onTestFinished(() => world.close());
  const folder = path.join(world.home, "returns-desk");
  const refunds = path.join(world.home, "refunds.txt");
  await cp(example, folder, { recursive: true });
  const edit = async (file: string, change: (text: string) => string) =>
    writeFile(path.join(folder, file), change(await readFile(path.join(folder, file), "utf8")));
  await edit("servers/desk.mjs", (text) =>
    text
      .replace("import", 'import { appendFileSync } from "node:fs";\nimport')
      .replace("paidBack.add(order);", `$&\n  appendFileSync(${JSON.stringify(refunds)}, order);`),
  );
  const before = await runAsWritten(
    world,
    `${helpers}
npx muxi server init --yes
npx muxi server start --daemon
cd returns-desk
npx muxi deploy
npx muxi chat "I want to return order 1017"
echo "waits: $(waiting)"
`,
  );
  const [, id = ""] = /waits: (\S+)/.exec(before) ?? [];
  expect(before).toContain("May I call desk__refund");

  await edit("formation.afs", (text) => text.replace('1.0.0"\n\nagents', '1.1.0"\n\nagents'));
  await edit("sops/return.md", (text) => text.replace(/^4\.[\s\S]*/m, "4. Say that returns have ended\n"));
  const after = await runAsWritten(
    world,
    `${helpers}
cd returns-desk
npx muxi deploy
npx muxi requests answer ${id} --approve
ended ${id}
npx muxi requests show ${id}
`,
  );
  expect(after).toContain("1.1.0");
  expect(after).toContain("A letter about order 1017 is in the post: the money is on its way");
  expect(await readFile(refunds, "utf8")).toBe("1017");
});

/** A model that uses the tool that its task names, and gives up what the rules forbid. */
const clerk = ({ body }: ReceivedRequest): Reply => {
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  const { messages } = body as any;
  const last = messages.at(-1);
  if (last.role === "tool") return { text: [String(last.content)] };
  const [, tool] = /Use (\w+) for it\./.exec(messages[0].content) ?? [];
  if (tool) return { text: [], toolCalls: [{ id: "c1", name: tool, arguments: ['{"order":"1018"}'] }] };
  const decides = writtenIn(last.content).startsWith("Decide");
  const isFood = /honey/.test(last.content) && /> Food is never taken back/.test(last.content);
  if (!decides || !isFood) return { text: ["It may be returned."] };
  const reason = JSON.stringify({ reason: "Food is never taken back." });
  return { text: [], toolCalls: [{ id: "c2", name: "give_up", arguments: [reason] }] };
};

test("with a model that can decide, what the rules forbid is not paid", { timeout: 120_000 }, async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = clerk;
  const settings = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: `${models.url}/v1` };
  const output = await runPage(settings, {
    1017: "1018",
    'npx muxi requests answer "$id" --approve\nended "$id"\n': "",
  });
  expect(output).toContain("Not done: Decide whether the order may be returned. Food is never taken back.");
  expect(output).not.toContain("May I call");
});
