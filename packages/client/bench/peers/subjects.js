import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import { Client } from "@langchain/langgraph-sdk";
import { parseJsonEventStream } from "ai";
import OpenAI from "openai";
import { z } from "zod";

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

const count = async (events) => {
  let number = 0;
  for await (const _ of events) number++;
  return number;
};

const event = z.looseObject({ type: z.string() });

/** The peers, each through what its own users call. The stream has a name that the Anthropic SDK lets through. */
export const peers = [
  {
    name: "@anthropic-ai/sdk",
    version: versionOf("@anthropic-ai/sdk"),
    open(baseURL, fetch) {
      const client = new Anthropic({ baseURL, apiKey: "key", fetch });
      return {
        read: async () =>
          count(
            await client.messages.create({
              model: "m",
              max_tokens: 1,
              messages: [{ role: "user", content: "Hi" }],
              stream: true,
            }),
          ),
        request: () => client.models.retrieve("m"),
      };
    },
  },
  {
    name: "openai",
    version: versionOf("openai"),
    open(baseURL, fetch) {
      const client = new OpenAI({ baseURL, apiKey: "key", fetch });
      return {
        read: async () =>
          count(
            await client.chat.completions.create({
              model: "m",
              messages: [{ role: "user", content: "Hi" }],
              stream: true,
            }),
          ),
        request: () => client.models.retrieve("m"),
      };
    },
  },
  {
    name: "@langchain/langgraph-sdk",
    version: versionOf("@langchain/langgraph-sdk"),
    open(apiUrl, fetch) {
      const client = new Client({ apiUrl, apiKey: "key", callerOptions: { fetch, maxConcurrency: 64 } });
      return {
        read: () => count(client.runs.stream(null, "a", { input: {} })),
        request: () => client.assistants.get("a"),
      };
    },
  },
  {
    name: "ai",
    version: versionOf("ai"),
    // Its event parser with a schema, as its chat transport uses it: the package has no client of a server of its own.
    open: (url, fetch) => ({
      read: async () => {
        const response = await fetch(url, { method: "POST" });
        return count(parseJsonEventStream({ stream: response.body, schema: event }));
      },
    }),
  },
];
