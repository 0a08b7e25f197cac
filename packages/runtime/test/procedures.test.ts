import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, hold, manifest, startFormation, writeFormation } from "./harness.ts";
import { type Reply, startModelServer, writtenIn } from "./model-server.ts";

const ann = { user: "ann" };

const refund = (steps: string, more = "") => `---
type: sop
name: Refund
description: How a customer gets money back
${more}---
## Steps
${steps}
`;

const open = async (
  reply: (asked: string) => Reply,
  { sop = refund("1. Look up the order"), models = "", embed = (_: string): number[] => [] } = {},
) => {
  const server = await startModelServer();
  server.embed = embed;
  onTestFinished(() => server.close());
  const asked: string[] = [];
  const given: string[] = [];
  server.defaultReply = ({ body }) => {
    // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
    const { messages } = body as any;
    const last = messages.findLast(({ role }: { role: string }) => role === "user").content;
    asked.push(writtenIn(last));
    given.push(`${messages[0].content}\n${last}`);
    return reply(writtenIn(last));
  };
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${server.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }${models}]
`,
    "sops/refund.md": sop,
    "sops/limits.md": "Ten pounds",
  });
  const write = (file: string, text: string) => writeFile(path.join(dir, file), text);
  return { api: await startFormation(dir), asked, given, server, write };
};

const ok = (): Reply => ({ text: ["Done."] });

const chat = async (api: Api, message: string) =>
  (await api.call("POST", "/chat", { ...ann, body: { message, stream: false } })).body.data.message.metadata;

test.each([
  ["items that are all numbered 1", "1. Count\n1. Weigh\n1. Pack", ["Count", "Weigh", "Pack"]],
  [
    "items with indented lines, lists and gaps",
    "1. Count\n   the crates\n\n   - red\n   - green\n2) Weigh\n   1. the full ones\n   2. the others",
    ["Count\n   the crates\n\n   - red\n   - green", "Weigh\n   1. the full ones\n   2. the others"],
  ],
  [
    "headings with text below them",
    "### Step 1: Count\nAll crates.\n\n#### How\n1. By hand\n### 2. Weigh\nOn the big scales.",
    ["Count\nAll crates.\n\n#### How\n1. By hand", "Weigh\nOn the big scales."],
  ],
  [
    "directives in the first line and in others, and brackets that are none",
    "1. [critical] Count [AGENT:assistant] the crates\n   [file:limits.md]\n   [ ] and [x], see [here](https://a.example) [note]\n2. Weigh\n   [parallel]",
    ["Count the crates\n limits.md\n   [ ] and [x], see [here](https://a.example) [note]", "Weigh"],
  ],
  [
    "blocks of code",
    "1. Run\n   ```\n   1. not a step\n   ```\n2. Weigh",
    ["Run\n   ```\n   1. not a step\n   ```", "Weigh"],
  ],
])(
  "each step has a model call of its own, with its whole text and the results before it: %s",
  async (_, steps, texts) => {
    const { api, asked, given } = await open((message) => ({ text: [`result of <${message}>`] }), {
      sop: refund(steps),
    });
    const { total_tasks, completed_tasks } = await chat(api, "I want a refund");
    expect([total_tasks, completed_tasks]).toEqual([texts.length, texts.length]);
    expect(asked).toEqual([...texts, "I want a refund"]);
    for (const [place, prompt] of given.entries()) {
      for (const earlier of texts.slice(0, place)) {
        const result = `result of <${earlier}>`.replaceAll("\n", "\n> ");
        expect(prompt).toContain(result);
      }
    }
  },
);

test("procedures that are written, edited and removed while the formation runs count for the next message", async () => {
  const { api, asked, write } = await open(ok);
  expect((await chat(api, "I want a refund")).total_tasks).toBe(1);
  await write("sops/refund.md", refund("1. Look up the order\n1. Count the days"));
  await untilExpected("the new step is carried out", async () =>
    expect((await chat(api, "I want a refund")).total_tasks).toBe(2),
  );
  expect(asked).toContain("Count the days");
  await write("sops/parade.md", "---\ntype: sop\n---\n1. March");
  await untilExpected("the new procedure is followed", async () =>
    expect((await chat(api, "/parade now")).total_tasks).toBe(1),
  );
  await write("sops/refund.md", "No procedure any more");
  await untilExpected("it is followed no more", async () =>
    expect((await chat(api, "I want a refund")).total_tasks).toBeUndefined(),
  );
  const { sops } = (await api.get("/sops")).body.data;
  expect(sops).toEqual([{ name: "parade", title: "parade", type: "template", steps: 1, agents_used: null }]);
});

test("a request keeps the steps and the files that it began with", async () => {
  const stuck = hold();
  const { api, asked, given, write } = await open(
    (message) => (message === "Look up" ? { ...ok(), before: stuck.held } : ok()),
    { sop: refund("1. Look up\n2. Keep to [file:limits.md]") },
  );
  const answer = chat(api, "I want a refund");
  await untilExpected("the first step is under way", () => expect(asked).toEqual(["Look up"]));
  await write("sops/refund.md", refund("1. Something else"));
  await write("sops/limits.md", "Nothing at all");
  stuck.release();
  expect((await answer).total_tasks).toBe(2);
  expect(asked).toEqual(["Look up", "Keep to limits.md", "I want a refund"]);
  expect(given[1]).toContain("Ten pounds");
});

test("a guide, or a procedure without steps, joins the instructions of the agent with its whole text", async () => {
  const { api, given, write } = await open(ok, {
    sop: refund("1. Look up the order", "mode: guide\n"),
  });
  expect((await chat(api, "I want a refund")).total_tasks).toBeUndefined();
  expect(given[0]).toContain("as a guide");
  expect(given[0]).toContain("1. Look up the order");
  await write("sops/refund.md", "---\ntype: sop\n---\nBe generous.");
  await untilExpected("the text without steps is there", async () => {
    await chat(api, "I want a refund");
    expect(given.at(-1)).toContain("Be generous.");
  });
  expect(given.at(-1)).toContain("as it is written");
});

test.each([
  ["a guide", refund("1. Pay it back", "mode: guide\nbypass_approval: false\n")],
  ["one without steps", "---\ntype: sop\nname: Refund\nbypass_approval: sometimes\n---\nPay it back."],
])("%s that is edited to wait for a yes, which it cannot, is not followed", async (_, edited) => {
  const { api, given, write } = await open(ok, { sop: refund("1. Look up the order", "mode: guide\n") });
  await chat(api, "I want a refund");
  expect(given.at(-1)).toContain("Look up the order");
  await write("sops/refund.md", edited);
  await untilExpected("the edited file is read", async () => {
    await chat(api, "I want a refund");
    expect(given.at(-1)).not.toContain("Look up the order");
  });
  expect(given.at(-1)).not.toContain("Pay it back");
});

test("with an embedding model a procedure is found by its meaning, and one whose text stays is embedded once", async () => {
  const { api, server, write } = await open(ok, {
    models: ", { embedding: openai/test-embedding }",
    embed: (text) => (/reimburse|refund/i.test(text) ? [1, 0.1, 0] : [0, 0.1, 1]),
  });
  const embedded = () => server.background.map(({ body }) => JSON.stringify(body)).join();
  await untilExpected("the procedure has its vector", async () =>
    expect((await chat(api, "Please reimburse me")).total_tasks).toBe(1),
  );
  expect((await chat(api, "What is the weather like?")).total_tasks).toBeUndefined();
  await write("sops/parade.md", "---\ntype: sop\n---\n1. March");
  await untilExpected("the new one is embedded", async () => {
    await chat(api, "Hello");
    expect(embedded()).toContain("parade");
  });
  expect(embedded().match(/Refund\\nHow a customer gets money back/g)).toHaveLength(1);
  server.embed = () => [];
  expect((await chat(api, "I want a refund, now")).total_tasks).toBe(1);
});
