import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { generateTypes, typesFile } from "../scripts/generate-types.ts";

test("the generated types match the schemas (run packages/protocol/scripts/generate-types.ts)", async () => {
  expect(await readFile(typesFile, "utf8")).toBe(await generateTypes());
});
