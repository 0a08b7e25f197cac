import { test } from "node:test";
import { suite } from "./suite.ts";

for (const [name, run] of Object.entries(suite)) void test(name, run);
