import { openFormation } from "@muxi/formation";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { untilExpected } from "../../../test/until.ts";
import { createModelChoice } from "../src/overlord/index.ts";
import { wordsOf } from "../src/text/index.ts";
import { chosenFrom, farm, readDialogues } from "./dialogues.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { askedAbout } from "./learning.ts";
import { openModelBench } from "./model-harness.ts";
import { type ReceivedRequest, type Reply, startModelServer } from "./model-server.ts";

/** One word alone states nothing. */
const isLearnedFrom = (message: string) => new Set(wordsOf(message)).size > 1;

const promptSchema = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });

/** Chooses by nothing but the prompt. */
const choose = ({ body }: ReceivedRequest): Reply => {
  const { messages } = promptSchema.parse(body);
  const [system = "", user = ""] = messages.map(({ content }) => content);
  return { text: [JSON.stringify({ agent: chosenFrom({ system, user }) ?? "" })] };
};

/** The agents that a model chooses when it is asked about every message. */
const chosenByModel = async (dialogues: Awaited<ReturnType<typeof readDialogues>>) => {
  const { server, modelOf } = await openModelBench();
  server.routingReply = choose;
  const [first, ...rest] = (await openFormation(await writeFormation(farm))).agents;
  if (!first) throw new Error("the agents were not loaded");
  const agents = [first, ...rest] as const;
  const ask = createModelChoice({ agents, model: modelOf("openai/gpt-4o-mini"), log: { warn() {} } });
  const chosen: string[] = [];
  for (const dialogue of dialogues) {
    const history: { role: "user" | "assistant"; content: string }[] = [];
    let previous: (typeof agents)[number] | undefined;
    for (const { message } of dialogue) {
      previous = await ask({ message, history, previous });
      chosen.push(previous.id);
      history.push({ role: "user", content: message }, { role: "assistant", content: "Hello" });
    }
  }
  return chosen;
};

test("100 dialogues: few calls of models, and no right agent lost against asking about every message", async () => {
  const dialogues = await readDialogues();
  const turns = dialogues.flat();
  expect(dialogues).toHaveLength(100);

  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.routingReply = choose;
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
    ...farm,
  });
  let time = Date.UTC(2026, 0, 1);
  const api = await startFormation(dir, { now: () => time });
  const answering: string[] = [];
  for (const [number, dialogue] of dialogues.entries()) {
    for (const { message } of dialogue) {
      const { body } = await api.chat(message, { user: `user-${number}`, session: `s${number}` });
      answering.push(body.data.message.metadata.agent_id);
    }
    // The next user comes when this one has gone.
    time += 60_000;
  }

  const calls = models.requests.length + models.routing.length;
  expect(calls / turns.length).toBeLessThanOrEqual(1.2);
  const byModel = await chosenByModel(dialogues);
  const lost = turns.filter(({ agent }, index) => byModel[index] === agent && answering[index] !== agent);
  expect(lost).toEqual([]);

  await api.chat("My name is Zoe", { user: "last", session: "last" });
  await untilExpected("all that was said is learned from, once", () =>
    expect(askedAbout(models).flat().toSorted()).toEqual(
      [...turns.map(({ message }) => message).filter(isLearnedFrom), "My name is Zoe"].toSorted(),
    ),
  );
  expect(models.background.length / turns.length).toBeLessThanOrEqual(0.4);
});
