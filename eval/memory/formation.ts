import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { openFormation } from "@muxi/formation";
import { pino } from "pino";
import * as z from "zod";
import { startRuntime } from "../../packages/runtime/src/index.ts";
import { type ModelServer, startModelServer } from "../../packages/runtime/test/model-server.ts";
import { askedOn, type Dialogue } from "./dialogues.ts";
import type { Item, Way } from "./measure.ts";
import { embed, factsIn, type Key, type Shown } from "./scripted.ts";

const clientKey = "fmc_eval";

const manifestOf = (zone: string, models: string) => `schema: "1.0.0"
id: memory
description: Remembers its users
server: { api_keys: { client_key: ${clientKey}, admin_key: fma_eval } }
scheduler: { timezone: ${zone} }
memory: { persistent: { user_synopsis: { enabled: false } } }
${models}`;

const sentSchema = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });

const materialSchema = z.object({
  known_memories: z.array(z.object({ number: z.int(), memory: z.string() })),
  conversation: z.array(z.object({ role: z.string(), content: z.string(), said_on: z.string().optional() })),
});

const firstDate = (text: string | undefined): string | undefined => /\d{4}-\d{2}-\d{2}/.exec(text ?? "")?.[0];

/** Answers a question for facts as its key says, by what stands in the question alone. */
const scriptedFacts = (key: Key, body: unknown): object => {
  const [system, user] = sentSchema.parse(body).messages;
  const { known_memories: known, conversation } = materialSchema.parse(JSON.parse(user?.content ?? ""));
  const shown = conversation.map(({ said_on, ...said }): Shown => ({ ...said, date: firstDate(said_on) }));
  const facts = factsIn(key, shown, firstDate(system?.content) ?? "").map(({ key: fact, memory, quote }) => ({
    memory,
    quote,
    collection: fact.collection,
    confidence: fact.confidence,
    importance: 0.6,
    replaces: known.find((each) => fact.replaces?.test(each.memory))?.number ?? null,
  }));
  return { facts };
};

/** What the model is told to remember of the user, of its last message. */
const rememberedIn = (body: unknown): Item[] => {
  const content = sentSchema.parse(body).messages.at(-1)?.content ?? "";
  const [, listed = ""] = content.split("What you remember of the user:\n");
  return listed
    .split("\n\n")
    .filter((text) => text.startsWith("> ") && !text.startsWith("> The user said:"))
    .map((text) => ({
      text,
      from: /\((?:since|from) (\d{4}-\d{2}-\d{2})/.exec(text)?.[1],
      until: /\b(?:before|until) (\d{4}-\d{2}-\d{2})\)/.exec(text)?.[1],
    }));
};

/** A formation of one zone, and the model that it asks. */
interface Running {
  chat(user: string, session: string, message: string): Promise<string>;
  models: ModelServer;
  setTime(time: number): void;
  /** Waits until everything that was said is learned. */
  learned(): Promise<void>;
  close(): Promise<void>;
}

const answerSchema = z.object({ data: z.object({ message: z.object({ content: z.string() }) }) });

const start = async (dir: string, zone: string, modelsOf: (url: string) => string): Promise<Running> => {
  const models = await startModelServer();
  models.embed = embed;
  await mkdir(dir, { recursive: true });
  await writeFile(path.join(dir, "formation.afs"), manifestOf(zone, modelsOf(models.url)));
  let time = 0;
  const runtime = await startRuntime({
    formation: await openFormation(dir),
    keys: { clientKey, adminKey: "fma_eval" },
    host: "127.0.0.1",
    port: 0,
    env: {},
    log: pino({ level: "warn" }, pino.destination(2)),
    now: () => time,
  });
  const chat = async (user: string, session: string, message: string) => {
    const response = await fetch(`http://127.0.0.1:${runtime.port}/v1/chat`, {
      method: "POST",
      headers: {
        "X-Muxi-Client-Key": clientKey,
        "X-Muxi-User-ID": user,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ message, session_id: session, stream: false }),
    });
    return answerSchema.parse(await response.json()).data.message.content;
  };
  const lessons = new DatabaseSync(path.join(dir, "memory.db"), { readOnly: true });
  const waiting = lessons.prepare("select count(*) as count from lesson");
  return {
    chat,
    models,
    setTime(next) {
      time = next;
    },
    async learned() {
      time += 61_000;
      models.defaultReply = {};
      // What states something is learned at once, and with it what is due.
      await chat("somebody", `sess_${time}`, "My favourite number is the seven");
      while (Number(waiting.get()?.count) > 0) await sleep(20);
    },
    async close() {
      lessons.close();
      await runtime.close(0);
      await models.close();
    },
  };
};

/** The dialogues of each zone, in pairs. */
const pairsByZone = (dialogues: readonly Dialogue[]): Map<string, Dialogue[][]> => {
  const zones = new Map<string, Dialogue[][]>();
  for (let first = 0; first < dialogues.length; first += 2) {
    const pair = dialogues.slice(first, first + 2);
    const zone = pair[0]?.zone ?? "UTC";
    zones.set(zone, [...(zones.get(zone) ?? []), pair]);
  }
  return zones;
};

/** The two users of a pair speak by turns. */
const speak = async ({ chat, models, setTime }: Running, pair: readonly Dialogue[], session: number) => {
  const at = pair[0]?.sessions[session]?.at ?? 0;
  const longest = Math.max(...pair.map(({ sessions }) => sessions[session]?.turns.length ?? 0));
  for (let turn = 0; turn < longest; turn++) {
    setTime(at + turn * 15_000);
    for (const { user, sessions } of pair) {
      const said = sessions[session]?.turns[turn];
      if (!said) continue;
      models.defaultReply = { text: [said.answer] };
      await chat(user, `sess_${user}_${session}`, said.message);
    }
  }
};

/** Everything that is said in a zone, as it is said over the months. */
const live = async (running: Running, pairs: readonly Dialogue[][]) => {
  const sessions = pairs[0]?.[0]?.sessions.length ?? 0;
  for (let session = 0; session < sessions; session++) {
    const beginOf = ([one]: readonly Dialogue[]) => one?.sessions[session]?.at ?? 0;
    for (const pair of pairs.toSorted((a, b) => beginOf(a) - beginOf(b))) {
      await speak(running, pair, session);
      await running.learned();
    }
  }
};

const openZones = (
  name: string,
  dir: string,
  modelsOf: (url: string) => string,
  key: Key,
  read: (running: Running, answer: string) => Item[],
): Way => {
  const zones = new Map<string, Running>();
  let asked = 0;
  return {
    name,
    async tell(dialogues) {
      const all = [...pairsByZone(dialogues)].map(async ([zone, pairs]) => {
        const running = await start(path.join(dir, zone), zone, modelsOf);
        running.models.factsReply = ({ body }) => ({ text: [JSON.stringify(scriptedFacts(key, body))] });
        zones.set(zone, running);
        await live(running, pairs);
        running.setTime(askedOn);
      });
      await Promise.all(all);
    },
    async recalled({ user, zone }, { text }) {
      const running = zones.get(zone);
      if (!running) throw new Error(`nothing was said in ${zone}`);
      asked += 1;
      return read(running, await running.chat(user, `sess_asked_${asked}`, text));
    },
    async close() {
      for (const running of zones.values()) await running.close();
    },
  };
};

/** A formation whose model finds what the key says: what it brings is what stands in the prompt. */
export const openFormationWay = (dir: string, key: Key): Way =>
  openZones(
    "a formation",
    path.join(dir, "model"),
    (url) => `llm:
  settings: { base_url: "${url}/v1", max_retries: 0 }
  models: [{ text: openai/scripted, api_key: sk-eval }]
`,
    key,
    ({ models }) => rememberedIn(models.requests.at(-1)?.body),
  );

/** A formation with the built-in model, which learns by rules: what it brings is its answer. */
export const openBuiltInWay = (dir: string): Way =>
  openZones(
    "the built-in model",
    path.join(dir, "built-in"),
    () => "",
    new Map(),
    (_, answer) => [{ text: answer, until: /\(before (\d{4}-\d{2}-\d{2})\)/.exec(answer)?.[1] }],
  );
