/** The MUXI server of this machine: finds, starts, asks and stops it. */
export { explainServerError } from "./explain.ts";
export { type LocalServer, localServer, runningServer } from "./local-server.ts";
export { portInUse, probe } from "./probe.ts";
export { isAlive, launchServer, runServer, stopProcess } from "./server-process.ts";
