import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { openProject, type Project } from "./project.ts";

let project: Project;

beforeAll(async () => {
  project = await openProject("typescript");
});

/** A complaint about this package or its user. The declarations of others are not ours to mend. */
const isOurs = (line: string): boolean =>
  /\berror TS\d/.test(line) && !/^node_modules\/(?!muxi-client\/)/.test(line);

test.each(["5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "6.0", "7.0"])(
  "TypeScript %s compiles every entry, and sees a wrong argument",
  async (version) => {
    const compiler = `node_modules/typescript-${version}`;
    const manifest = JSON.parse(await readFile(join(project.folder, compiler, "package.json"), "utf8"));
    expect(manifest.version).toMatch(new RegExp(`^${version}\\.`));
    // It may fail because of the declarations of others; of a compiler that did not run there would be no line.
    const printed = await project
      .run([`${compiler}/bin/tsc`, "--pretty", "false", "--listFiles"])
      .catch((error: Error) => error.message);
    expect(printed).toContain("muxi-client/dist/index.d.ts");
    expect(printed.split("\n").filter(isOurs)).toEqual([]);
  },
  300_000,
);
