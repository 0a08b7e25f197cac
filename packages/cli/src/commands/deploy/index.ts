/** `muxi deploy`: sends a formation folder to a server. */
export { type DeployOptions, deploy } from "./deploy.ts";
export { upload } from "./upload.ts";
