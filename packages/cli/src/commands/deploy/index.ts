/** `muxi deploy`: a folder becomes a formation on a server. */
export { type DeployOptions, deploy } from "./deploy.ts";
