import { test } from "@jest/globals";
import { suite } from "./suite.ts";

for (const [name, run] of Object.entries(suite)) test(name, run);
