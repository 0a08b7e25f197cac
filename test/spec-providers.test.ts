import { readFileSync } from "node:fs";
import path from "node:path";
import { apiKeyVariables, rerankProviders } from "@muxi/formation";
import { expect, test } from "vitest";
import { suggestedProviders } from "../packages/cli/src/commands/new-formation-wizard.ts";
import { builtInProviders, embeddingProviders } from "../packages/formation/src/providers.ts";
import { defaultModels } from "../packages/runtime/src/models/default-model.ts";
import { embeddingApis } from "../packages/runtime/src/models/embedding/index.ts";
import { compatibleProviders, ownApis } from "../packages/runtime/src/models/providers/index.ts";
import { codeIn, rowsIn, sectionOf } from "./spec-pages.ts";

const sorted = (names: Iterable<string>): string[] => [...names].sort();

test("every provider of models is in the specification, with the API that it speaks", () => {
  const rows = rowsIn(sectionOf("formation-files.md", "Providers"));
  const ofApi = (api: string) => {
    const [names = ""] = rows.find(([, spoken]) => spoken === api) ?? [];
    return codeIn(names).filter((name) => name !== "base_url");
  };
  expect(sorted(ofApi("OpenAI's chat completions"))).toEqual(sorted(Object.keys(compatibleProviders)));
  expect(sorted(ofApi("Their own APIs"))).toEqual(sorted(ownApis.keys()));
});

test("every provider of rerankers is in the specification", () => {
  const rows = rowsIn(sectionOf("formation-files.md", "Rerankers"));
  expect(sorted(rows.flatMap(([name = ""]) => codeIn(name)))).toEqual(sorted(rerankProviders));
});

test("formations are told of every provider that needs no package", () => {
  const inRuntime = ["builtin", ...Object.keys(compatibleProviders), ...ownApis.keys()];
  expect(sorted(builtInProviders)).toEqual(sorted(inRuntime));
});

test("every provider of embeddings alone is in the specification, and formations are told of it", () => {
  const alone = [...embeddingApis.keys(), "local"].filter((name) => !builtInProviders.includes(name));
  const [listed] = rowsIn(sectionOf("formation-files.md", "Providers")).filter(
    ([, api]) => api === "Embeddings alone",
  );
  expect(sorted(codeIn(listed?.[0] ?? ""))).toEqual(sorted(alone));
  expect(sorted(embeddingProviders)).toEqual(sorted(alone));
});

test("the providers of default models are in the specification, in their order, and the README names their keys", () => {
  const [, listed = ""] =
    /of the first provider[^;]*, of ([^;]*);/s.exec(sectionOf("formation-files.md", "The default model")) ??
    [];
  expect(codeIn(listed)).toEqual(defaultModels.map(({ provider }) => provider));

  const readme = readFileSync(path.join(import.meta.dirname, "../README.md"), "utf8");
  const keys = defaultModels.map(({ provider }) => apiKeyVariables(provider)[0] ?? "");
  expect(keys.filter((key) => !readme.includes(`\`${key}\``))).toEqual([]);
});

test("the wizard suggests models of providers that are built in, and stores their keys where they are looked for", () => {
  for (const { value, model, secret } of suggestedProviders) {
    if (model === "") continue;
    const [provider = ""] = model.split("/");
    expect(provider).toBe(value);
    expect([...ownApis.keys(), ...Object.keys(compatibleProviders)]).toContain(provider);
    if (secret !== "") expect(apiKeyVariables(provider)).toContain(secret);
  }
});
