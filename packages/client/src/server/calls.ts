import { fillPath } from "../http/index.ts";
import { type BundleSource, openBundle, readManifest } from "./bundle.ts";
import { bundleTimeout, type ServerCall } from "./caller.ts";

/** Names a formation of the server. */
export interface ForFormation {
  /** Id of the formation. */
  formationId: string;
}

/** A bundle, and what overrides its manifest. */
export type Deployment = BundleSource & {
  /** Id under which it is deployed. Default: that in the bundle's manifest. */
  formationId?: string | undefined;
  /** Version that is deployed. Default: that in the bundle's manifest. */
  version?: string | undefined;
  /**
   * What is checked before the release gets requests: `models` refuses it when a model's package or key is missing,
   * `all` also when an MCP server does not list its tools; `report` looks at the same, refuses nothing and tells what it
   * found. Default: nothing.
   */
  check?: DeploymentCheck | undefined;
};

/** What the server looks at before a deployment counts. */
export type DeploymentCheck = "all" | "models" | "report";

/** Which part of a formation's output to read. */
export interface OutputFilter extends ForFormation {
  /** Standard output, standard error, or both. Default `all`. */
  stream?: "stdout" | "stderr" | "all" | undefined;
}

/** The call that deploys a bundle (`POST`) or replaces a formation with it (`PUT`). */
export const bundleCall = async (method: "POST" | "PUT", deployment: Deployment): Promise<ServerCall> => {
  const bundle = openBundle(deployment);
  const { id, version } = await readManifest(bundle);
  const formationId = deployment.formationId ?? id;
  const digest = await bundle.digest();
  return {
    method,
    path: method === "POST" ? "/rpc/formations" : fillPath("/rpc/formations/{formationId}", { formationId }),
    headers: {
      "content-type": "application/gzip",
      "x-formation-id": formationId,
      "x-formation-version": deployment.version ?? version,
      ...(digest !== undefined && { "x-muxi-content-sha256": digest }),
      ...(deployment.check !== undefined && { "x-muxi-check": deployment.check }),
    },
    body: bundle.body,
    // Deploying twice is not the same as deploying once.
    repeatable: false,
    timeout: bundleTimeout,
  };
};

/** A call about one formation. A `POST` may start processes, which takes time. */
export const formationCall = (
  method: "GET" | "POST" | "DELETE",
  below: "" | "/stop" | "/start" | "/restart" | "/rollback" | "/cancel-update" | "/backup",
  { formationId }: ForFormation,
): ServerCall => ({
  method,
  path: fillPath(`/rpc/formations/{formationId}${below}`, { formationId }),
  ...(method === "POST" && { timeout: bundleTimeout }),
});
