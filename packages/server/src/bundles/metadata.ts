import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Formation } from "@muxi/formation";
import { parseDocument } from "yaml";

/**
 * Records in a manifest where it is deployed (docs/spec/server-api.md "What a bundle must hold"). Its comments are
 * kept.
 */
export const addMetadata = async ({ dir, manifestFile }: Formation, serverId: string): Promise<void> => {
  const file = join(dir, manifestFile);
  // Repeated keys are no error: what has read the manifest has told of them.
  const document = parseDocument(await readFile(file, "utf8"), { uniqueKeys: false });
  document.set("_server_id", serverId);
  document.set("_deployment_mode", "server");
  // Nor is an alias without its anchor, where a repeated key takes it out of what is read.
  await writeFile(file, document.toString({ lineWidth: 0, verifyAliasOrder: false }));
};
