import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Formation } from "@muxi/formation";
import { parseDocument } from "yaml";

/**
 * Notes in a manifest where it is deployed (docs/spec/server-api.md "What a bundle must hold"), and leaves
 * its comments in place.
 */
export const addMetadata = async ({ dir, manifestFile }: Formation, serverId: string): Promise<void> => {
  const file = join(dir, manifestFile);
  const document = parseDocument(await readFile(file, "utf8"));
  document.set("_server_id", serverId);
  document.set("_deployment_mode", "server");
  await writeFile(file, document.toString({ lineWidth: 0 }));
};
