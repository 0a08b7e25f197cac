import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pack, publishedPackages } from "./packed.ts";

const run = promisify(execFile);
const root = path.join(import.meta.dirname, "..");

/**
 * What each package is: its files besides `README.md`, `LICENSE` and `package.json`, those that it must have, and how
 * large it may grow, unpacked and in MB. About half as much again as today, so that what doubles it is seen.
 */
const expected: Record<string, { files: RegExp; needs: readonly string[]; limit: number }> = {
  "@muxi/runtime": {
    files:
      /^(bin\/muxi-runtime\.js|dist\/[\w.-]+\.c?js|dist\/(third-party|document|pdfium)-licences\.txt|dist\/pdfium\.wasm|dist\/cmaps\/([\w-]+\.bcmap|LICENSE))$/,
    needs: [
      "bin/muxi-runtime.js",
      "dist/cmaps/90ms-RKSJ-H.bcmap",
      "dist/main.js",
      "dist/program.cjs",
      "dist/document-process.js",
      "dist/document-worker.js",
      "dist/local-worker.js",
      "dist/third-party-licences.txt",
      "dist/document-licences.txt",
      "dist/pdfium.wasm",
      "dist/pdfium-licences.txt",
    ],
    limit: 14,
  },
  "@muxi/near-words": {
    files: /^(index\.js|english\.bin)$/,
    needs: ["index.js", "english.bin"],
    limit: 4,
  },
  "@muxi/server": {
    files: /^(bin\/muxi-server\.js|dist\/[\w.-]+\.c?js|dist\/(third-party|reader)-licences\.txt)$/,
    needs: [
      "bin/muxi-server.js",
      "dist/main.js",
      "dist/program.cjs",
      "dist/reader-program.js",
      "dist/third-party-licences.txt",
      "dist/reader-licences.txt",
    ],
    limit: 3,
  },
  muxi: {
    files: /^(bin\/muxi\.js|dist\/[\w.-]+\.c?js|dist\/third-party-licences\.txt)$/,
    needs: ["bin/muxi.js", "dist/main.js", "dist/program.cjs", "dist/third-party-licences.txt"],
    limit: 2,
  },
  "muxi-client": {
    files:
      /^dist\/((index|webhook|testing|node|react|ai-sdk|shared)\.(js|cjs|d\.ts|d\.cts)|(frames|schemas|rolldown-runtime)\.js)$/,
    needs: ["dist/index.js", "dist/index.cjs", "dist/index.d.ts", "dist/index.d.cts"],
    limit: 0.8,
  },
};

const names = publishedPackages.map(({ name }) => name);
const common = ["LICENSE", "README.md", "package.json"];

let target = "";
let packed: Awaited<ReturnType<typeof pack>> = [];

/** The unpacked tarball of a package, as it is installed. */
const folderOf = (name: string) => path.join(target, name, "package");

const packedAs = (name: string) => {
  const found = packed.find((each) => each.name === name);
  if (!found) throw new Error(`${name} was not packed`);
  return found;
};

beforeAll(async () => {
  target = await mkdtemp(path.join(tmpdir(), "muxi-packed-"));
  packed = await pack(
    publishedPackages.map(({ folder }) => folder),
    target,
  );
  for (const { name, tarball } of packed) {
    await mkdir(folderOf(name), { recursive: true });
    await run("tar", ["xzf", tarball, "-C", path.dirname(folderOf(name))]);
  }
});

afterAll(() => rm(target, { recursive: true }));

test("what is published is known", () => {
  expect([...names].sort()).toEqual(Object.keys(expected).sort());
});

test("a published package depends on published packages alone, in the version of this repository", () => {
  const versions = new Map(publishedPackages.map(({ name, version }) => [name, version]));
  const ours = globSync("packages/*/package.json", { cwd: root }).map(
    (file) => JSON.parse(readFileSync(path.join(root, file), "utf8")).name,
  );
  for (const { name, dependencies } of publishedPackages) {
    for (const [dependency, version] of Object.entries(dependencies)) {
      if (ours.includes(dependency))
        expect([name, dependency, version]).toEqual([name, dependency, versions.get(dependency)]);
    }
  }
});

test.each(names)("%s is packed with what it needs and nothing else", async (name) => {
  const { files, needs, limit } = expected[name] ?? { files: /$^/, needs: [], limit: 0 };
  const { files: contents, unpackedSize } = packedAs(name);
  expect(contents).toEqual(expect.arrayContaining([...common, ...needs]));
  expect(contents.filter((file) => !common.includes(file) && !files.test(file))).toEqual([]);
  expect(unpackedSize / 1e6).toBeLessThan(limit);

  const read = (file: string) => readFile(path.join(folderOf(name), file), "utf8");
  expect(await read("LICENSE")).toBe(await readFile(path.join(root, "LICENSE"), "utf8"));
  for (const file of contents) {
    const text = await read(file);
    expect([file, text.includes(root), text.includes("sourceMappingURL=")]).toEqual([file, false, false]);
  }
});

test.each(names)("publint has nothing to say of %s", async (name) => {
  const { messages } = await publint({ pkgDir: folderOf(name), pack: false, strict: true });
  expect(messages).toEqual([]);
});

test.each(publishedPackages.filter(({ types }) => types !== undefined))(
  "every way to import an entry of $name finds its types",
  async ({ name }) => {
    const analysis = await checkPackage(createPackageFromTarballData(await readFile(packedAs(name).tarball)));
    if (!("problems" in analysis)) throw new Error("The package has no types");
    // Resolvers that know no `exports` find the main entry alone.
    const served = analysis.problems.filter(
      (problem) =>
        !("resolutionKind" in problem && problem.resolutionKind === "node10" && problem.entrypoint !== "."),
    );
    expect(served).toEqual([]);
  },
);
