import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { headers } from "@muxi/protocol";
import { expect, test } from "vitest";
import { corsHeaders, preflightHeaders } from "../packages/server/src/base/cors.ts";
import { forwardedHeaders, ownHeaders } from "../packages/server/src/proxy/headers.ts";
import { codeIn, firstColumn, readPage, sectionOf } from "./spec-pages.ts";

const root = path.join(import.meta.dirname, "..");

const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());

/** Every other one of alternating names and values. */
const namesOf = (alternating: readonly string[]): string[] => alternating.filter((_, at) => at % 2 === 0);

const listOf = (value: string): string[] => lower(value.split(", "));

test("every header of our own that the packages name is in the one table", () => {
  const table: readonly string[] = Object.values(headers);
  const files = globSync("packages/{protocol,runtime,server,client,cli}/src/**/*.{ts,tsx}", { cwd: root });
  const unknown = files.flatMap((file) =>
    [...readFileSync(path.join(root, file), "utf8").matchAll(/\bx-(?:muxi|formation)-[a-z0-9-]*[a-z0-9]/gi)]
      .filter(([name]) => !table.includes(name.toLowerCase()))
      .map(([name]) => `${file}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test("every header of our own is in the specification", () => {
  const written = lower(["formation-api.md", "server-api.md"].flatMap((page) => codeIn(readPage(page))));
  expect(Object.values(headers).filter((name) => !written.some((code) => code.startsWith(name)))).toEqual([]);
});

test("every header that the proxy adds is in the specification", () => {
  const peer = { address: "", trusted: false, secure: false };
  const added = lower(namesOf(forwardedHeaders(new Map(), peer, { kind: "api", formationId: "" }, "")));
  expect(added.length).toBeGreaterThan(4);
  const toFormations = lower(codeIn(sectionOf("server-api.md", "Request headers through the proxy")));
  expect(added.filter((name) => !toFormations.includes(name))).toEqual([]);

  const toClients = [
    ...codeIn(sectionOf("server-api.md", "Answers through the proxy")),
    ...codeIn(sectionOf("server-api.md", "HTTP rules of the server")),
  ];
  const answered = namesOf(ownHeaders("req_1", "typescript/0.1.0"));
  expect(answered.filter((name) => !lower(toClients).includes(name))).toEqual([]);
});

test("a page of any origin may send and read what the specification names", () => {
  const sent = [
    ...firstColumn(sectionOf("formation-api.md", "Request headers")),
    ...firstColumn(sectionOf("server-api.md", "Deploy")),
    "Accept",
    "Authorization",
  ];
  expect(listOf(preflightHeaders["access-control-allow-headers"]).sort()).toEqual(lower(sent).sort());
  const answered = namesOf(ownHeaders("req_1", "typescript/0.1.0"));
  const exposed = listOf(corsHeaders["access-control-expose-headers"]);
  expect(answered.filter((name) => !exposed.includes(name))).toEqual([]);
});
