import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import * as z from "zod";

const run = promisify(execFile);
const root = path.join(import.meta.dirname, "..");

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  private: z.boolean().default(false),
  types: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/** The `package.json` of a folder, and where it is. */
export const readPackage = (folder: string) => ({
  folder,
  ...manifestSchema.parse(JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"))),
});

/** The packages of this repository that are published. */
export const publishedPackages = globSync("packages/*", { cwd: root })
  .sort()
  .map((folder) => readPackage(path.join(root, folder)))
  .filter((each) => !each.private);

const packedSchema = z.array(
  z.object({
    name: z.string(),
    filename: z.string(),
    unpackedSize: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
);

/** Packs folders as `npm publish` would, and says what is in each tarball. */
export const pack = async (folders: readonly string[], target: string) => {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", target];
  const { stdout } = await run("npm", [...args, ...folders]);
  return packedSchema.parse(JSON.parse(stdout)).map(({ name, filename, unpackedSize, files }) => ({
    name,
    tarball: path.join(target, filename),
    unpackedSize,
    files: files.map((file) => file.path),
  }));
};
