/** What the methods of `ServerClient` are made with: callers that sign, bundles and operations. */
export type { BundleSource } from "./bundle.ts";
export { bundleTimeout, createServerCallers, type ServerCaller, type ServerClientOptions } from "./caller.ts";
export {
  type Deployment,
  type DeploymentCheck,
  type ForFormation,
  formationCall,
  type OutputFilter,
} from "./calls.ts";
export { followBundle, followFormation, manageFormation, sendBundle } from "./formations.ts";
export type { FormationLogEvent, OperationEvent, ServerEvent } from "./operations.ts";
