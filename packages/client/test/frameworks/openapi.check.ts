import { beforeAll, expect, test } from "vitest";
import { openFormation } from "./formation.ts";
import { openProject, type Project } from "./project.ts";

const tool = "node_modules/openapi-typescript/bin/cli.js";
const compiler = "node_modules/typescript/bin/tsc";

let project: Project;

beforeAll(async () => {
  project = await openProject("openapi");
});

test("a validator takes the document of a formation, and the types that are made of it compile", async () => {
  const { api } = await openFormation();
  const url = `${api.url}/openapi.json`;
  await project.run(["validate.js"], { MUXI_OPENAPI_URL: url });
  // Otherwise what has a default would have to be sent.
  const flags = ["--output", "api.ts", "--default-non-nullable=false"];
  expect(await project.run([tool, url, ...flags])).not.toMatch(/warn|error/i);
  await project.run([compiler]);
});
