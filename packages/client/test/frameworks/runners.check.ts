import { expect, test } from "vitest";
import { keys } from "../../../runtime/test/harness.ts";
import { openFormation } from "./formation.ts";
import { openProject } from "./project.ts";

const jest = "node_modules/jest/bin/jest.js";

/** The programs of Node that run the tests of a project. Their files have a name that our own suite does not look for. */
const runners: Record<string, readonly string[]> = {
  vitest: ["node_modules/vitest/vitest.mjs", "run", "--reporter=verbose"],
  "jest-esm": ["--experimental-vm-modules", jest, "--verbose"],
  "jest-cjs": [jest, "--verbose"],
  "node-test": ["--test", "--test-reporter=spec", "sdk.spec.ts"],
};

test.each(Object.entries(runners))(
  "%s runs the tests of a program that uses the SDK",
  async (name, args) => {
    const project = await openProject(name);
    const { api } = await openFormation();
    const printed = await project.run(args, { MUXI_FORMATION_URL: api.url, MUXI_CLIENT_KEY: keys.clientKey });
    expect(printed).toContain("a refusal has its class");
  },
  600_000,
);
