import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { calculation } from "../bench/sizing/calculate.ts";
import { readInputs } from "../bench/sizing/inputs.ts";

test("docs/scaling.md says what is calculated: npm run bench:sizing -- --calculate --write", () => {
  const page = readFileSync(path.join(import.meta.dirname, "../docs/scaling.md"), "utf8");
  expect(page).toContain(calculation(readInputs(new Map())));
});
