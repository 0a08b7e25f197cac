/** Servers: that of this machine, which can be started and stopped, and those of profiles. */
export { checkFor } from "./check.ts";
export {
  type ChosenServer,
  chosenServer,
  clientFor,
  profileNamed,
} from "./chosen-server.ts";
export { deployedNow } from "./deployed-now.ts";
export { explainDeployedError, explainServerError } from "./explain.ts";
export { type LocalServer, localServer, prepareFor, runningServer } from "./local-server.ts";
export { portInUse, probe } from "./probe.ts";
export { launchServer, runServer, stopProcess } from "./server-process.ts";
