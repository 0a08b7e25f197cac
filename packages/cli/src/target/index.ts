/** The formation that a command talks to: a draft that runs here, or one that is deployed. */
export { formationTarget, type Target, type TargetOptions } from "./target.ts";
