import type { ModelConfig } from "@muxi/formation";
import { expect, test } from "vitest";
import { fullRequest } from "../../../test/model-harness.ts";
import type { ModelRequest } from "../interface/index.ts";
import { callOptions } from "./ai-sdk-options.ts";

const request: ModelRequest = {
  messages: [
    { role: "system", content: "You know orchards." },
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello" },
    { role: "user", content: "And now?", startsTurn: true },
  ],
  tools: [...(fullRequest.tools ?? []), { name: "moon", description: "", parameters: {} }],
};

const optionsFor = (provider: string, name: string) => {
  const settings = { timeoutSeconds: 20, maxRetries: 0 };
  const config: ModelConfig = { id: `${provider}/${name}`, provider, name, settings };
  return JSON.parse(JSON.stringify(callOptions(config, request, new AbortController().signal)));
};

test("Anthropic's models are told where to cache, with what later requests begin with too; others are not", () => {
  const mark = { anthropic: { cacheControl: { type: "ephemeral" } } };
  const optionsOf = (parts: { providerOptions?: object }[]) => parts.map((part) => part.providerOptions);
  const { prompt, tools } = optionsFor("gateway", "anthropic/claude-sonnet-5");
  expect(optionsOf(prompt)).toEqual([mark, undefined, mark, undefined]);
  expect(optionsOf(tools)).toEqual([undefined, mark]);
  expect(JSON.stringify(optionsFor("cohere", "command-r"))).not.toContain("providerOptions");
});
