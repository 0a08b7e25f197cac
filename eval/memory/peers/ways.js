import { readFileSync } from "node:fs";
import { LibSQLStore, LibSQLVector } from "@mastra/libsql";
import { Memory as MastraMemory } from "@mastra/memory";
import { Memory } from "mem0ai/oss";

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

const SystemDate = Date;

/** Has `new Date()` be a time of the dialogues while something is done: neither package can be told what time it is. */
const at = async (time, work) => {
  globalThis.Date = class extends SystemDate {
    constructor(...args) {
      if (args.length === 0) super(time);
      else super(...args);
    }
    static now() {
      return time;
    }
  };
  try {
    return await work();
  } finally {
    globalThis.Date = SystemDate;
  }
};

const dayOf = (time) => new SystemDate(time).toISOString().slice(0, 10);

/** All turns of a dialogue in order, each with its time. */
const turnsOf = ({ sessions }) =>
  sessions.flatMap((session, number) =>
    session.turns.map((turn, index) => ({ ...turn, session: number, time: session.at + index * 15_000 })),
  );

/** What its prompt shows of a turn, and the day that it names. */
const shownTo = (messages) => {
  const prompt = messages.at(-1)?.content ?? "";
  const [, said = ""] = /## New Messages\n([\s\S]*?)\n\n## Observation Date/.exec(prompt) ?? [];
  const shown = said.split("\n").map((line) => {
    const [, role = "", content = ""] = /^(user|assistant): (.*)$/.exec(line) ?? [];
    return { role, content };
  });
  const today = /## Observation Date\n(\d{4}-\d{2}-\d{2})/.exec(prompt)?.[1] ?? "";
  return { shown, today };
};

/** It is asked for no confidence, so the scripted model leaves out what it is unsure of. */
const openMem0 = ({ factsIn, embed, dimensions }) => {
  const memory = new Memory({
    embedder: { provider: "openai", config: { apiKey: "sk-none", embeddingDims: dimensions } },
    llm: { provider: "openai", config: { apiKey: "sk-none" } },
    vectorStore: {
      provider: "memory",
      config: { collectionName: "eval", dimension: dimensions, dbPath: ":memory:" },
    },
    historyDbPath: ":memory:",
  });
  memory.embedder = {
    embed: async (text) => embed(text),
    embedBatch: async (texts) => texts.map(embed),
  };
  memory.llm = {
    generateResponse: async (messages) => {
      const { shown, today } = shownTo(messages);
      const found = factsIn(shown, today).filter(({ key }) => key.confidence >= 0.7);
      return JSON.stringify({
        memory: found.map(({ memory: text }, index) => ({ id: String(index), text, attributed_to: "user" })),
      });
    },
  };
  return {
    name: `mem0ai ${versionOf("mem0ai")}`,
    async tell(dialogues) {
      for (const dialogue of dialogues) {
        for (const { message, answer, time } of turnsOf(dialogue)) {
          const messages = [
            { role: "user", content: message },
            { role: "assistant", content: answer },
          ];
          await at(time, () => memory.add(messages, { userId: dialogue.user }));
        }
      }
    },
    async recalled({ user }, { text }) {
      const { results } = await memory.search(text, { filters: { user_id: user } });
      return results.map(({ memory: content, createdAt }) => ({
        text: content,
        from: createdAt?.slice(0, 10),
      }));
    },
    close: async () => {},
  };
};

/** The search of earlier messages: what it brings is what the messages state, as its reader would understand them. */
const openMastra = ({ factsIn, embed }) => {
  const memory = new MastraMemory({
    storage: new LibSQLStore({ id: "eval", url: "file::memory:?cache=shared" }),
    vector: new LibSQLVector({ id: "eval", url: "file::memory:?cache=shared" }),
    embedder: {
      specificationVersion: "v2",
      provider: "eval",
      modelId: "words",
      maxEmbeddingsPerCall: 100,
      supportsParallelCalls: true,
      doEmbed: async ({ values }) => ({ embeddings: values.map(embed) }),
    },
    options: { lastMessages: false, semanticRecall: { topK: 4, messageRange: 1, scope: "resource" } },
  });
  const textIn = ({ content }) => content.parts.map((part) => part.text ?? "").join("");
  return {
    name: `@mastra/memory ${versionOf("@mastra/memory")}`,
    async tell(dialogues) {
      for (const dialogue of dialogues) {
        const resourceId = dialogue.user;
        for (const { message, answer, session, time } of turnsOf(dialogue)) {
          const threadId = `${dialogue.user}-${session}`;
          if (!(await memory.getThreadById({ threadId })))
            await memory.createThread({ threadId, resourceId });
          const written = (role, text, createdAt) => ({
            id: `${threadId}-${time}-${role}`,
            ...{ role, threadId, resourceId, createdAt: new Date(createdAt) },
            content: { format: 2, parts: [{ type: "text", text }] },
          });
          const messages = [written("user", message, time), written("assistant", answer, time + 1)];
          await memory.saveMessages({ messages });
        }
      }
    },
    async recalled({ user }, { text }) {
      const { messages } = await memory.recall({
        threadId: `${user}-0`,
        resourceId: user,
        vectorSearchString: text,
        perPage: 0,
      });
      return messages.flatMap((message) => {
        const day = dayOf(message.createdAt.getTime());
        return factsIn([{ role: message.role, content: textIn(message), date: day }], day)
          .filter(({ key }) => key.confidence >= 0.7 && !key.isFromAnswer)
          .map(({ memory: stated }) => ({ text: stated, from: day }));
      });
    },
    close: async () => {},
  };
};

/** The memories of others, which all get the same scripted model and the same vectors. */
export const openPeers = (model) => [openMem0(model), openMastra(model)];
