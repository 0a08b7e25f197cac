import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { descriptionsIn } from "../../../test/descriptions.ts";
import { problemsIn } from "./compile.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

const declarations = async () => {
  const names = await readdir(join(folder, "dist"));
  return names.filter((name) => name.endsWith(".d.ts")).map((name) => join(folder, "dist", name));
};

test("the declarations are at most 120 KB, with their descriptions 300 KB, and compile by themselves", async () => {
  const files = await declarations();
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const text = texts.join("\n");
  expect(text.length).toBeLessThanOrEqual(300 * 1024);
  expect(text.replaceAll(/\/\*.*?\*\//gs, "").length).toBeLessThanOrEqual(120 * 1024);

  const lib = ["es2023", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"];
  const options = { strict: true, skipLibCheck: false, module: "nodenext", target: "es2023", lib };
  expect(problemsIn(files, { ...options, types: ["node"], noEmit: true }, folder)).toEqual([]);
}, 120_000);

test("every type, option and argument of the declarations has a description", async () => {
  const sources = await Promise.all((await declarations()).map((file) => readFile(file, "utf8")));
  // What stands in for types of the platform is theirs.
  const ours = sources.map((source) => source.replaceAll(/^type \w+(<.*?>)? = globalThis\..*$/gm, ""));
  const all = ours.flatMap(descriptionsIn);
  expect(all.length).toBeGreaterThan(1_200);
  // What is declared twice, as a class and an interface that merge, has the description of either.
  const described = new Set(all.filter(([, description]) => description !== "").map(([path]) => path));
  expect(all.map(([path]) => path).filter((path) => !described.has(path))).toEqual([]);
});

test("the declarations hold every description of the wire", async () => {
  const wire = descriptionsIn(
    await readFile(new URL("../../protocol/src/types.gen.ts", import.meta.url), "utf8"),
  );
  const sources = await Promise.all((await declarations()).map((file) => readFile(file, "utf8")));
  const shipped = new Set(sources.flatMap(descriptionsIn).map(([path, text]) => `${path}: ${text}`));
  expect(wire.map(([path, text]) => `${path}: ${text}`).filter((line) => !shipped.has(line))).toEqual([]);
});

test("the API reference describes every public symbol and has no warnings", async () => {
  const typedoc = fileURLToPath(
    import.meta.resolve("typedoc/package.json").replace(/package\.json$/, "bin/typedoc"),
  );
  // Whether they compile is tested above.
  await run(process.execPath, [typedoc, "--emit", "none", "--skipErrorChecking"], { cwd: folder });
}, 120_000);
