/** Deployed formations: their releases, and the operations on them. */
export { checkStarted } from "./check.ts";
export { type Deployed, type DeployRequest, deploy, requireNew } from "./deploy.ts";
export { remove, restart, start, stop } from "./lifecycle.ts";
export type { OperationKind } from "./locks.ts";
export {
  createReleases,
  type Deployment,
  layoutFor,
  type Releases,
  requireDeployment,
} from "./releases.ts";
export { loadDeployments, restoreProcesses } from "./restore.ts";
export { cancelUpdate, rollback, update, type VersionSwitch } from "./update.ts";
