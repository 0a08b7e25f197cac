import { test } from "vitest";
import { suite } from "./suite.ts";

for (const [name, run] of Object.entries(suite)) test(name, run);
