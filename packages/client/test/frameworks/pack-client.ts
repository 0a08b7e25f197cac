import { createHash } from "node:crypto";
import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { pack } from "../../../../test/packed.ts";
import { projectsFolder } from "./project.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The package as it would be published. */
    tarball: string;
  }
}

/** Packs the SDK for all projects. */
export default async ({ provide }: TestProject): Promise<void> => {
  await mkdir(projectsFolder, { recursive: true });
  const [packed] = await pack([join(import.meta.dirname, "../..")], projectsFolder);
  if (packed === undefined) throw new Error("npm packed nothing");
  const hash = createHash("sha256").update(await readFile(packed.tarball));
  // npm installs a file of the same name only once.
  const tarball = join(projectsFolder, `muxi-client-${hash.digest("hex").slice(0, 16)}.tgz`);
  await rename(packed.tarball, tarball);
  provide("tarball", tarball);
};
