/** Runs a formation with a short lease and a clock that can be set: `runtime-process.ts <folder> <lease>`. */
import { openFormation, resolveApiKeys } from "@muxi/formation";
import { pino } from "pino";
import { startRuntime } from "../src/index.ts";

const [, , folder = "", leaseTime = ""] = process.argv;
const formation = await openFormation(folder);
let ahead = 0;
process.on("message", (message: { clock: number }) => {
  ahead = message.clock;
});
const runtime = await startRuntime({
  formation,
  keys: await resolveApiKeys(formation),
  host: "127.0.0.1",
  port: 0,
  env: process.env,
  log: pino({ level: "warn" }, pino.destination(2)),
  leaseTime: Number(leaseTime),
  now: () => Date.now() + ahead,
});
process.send?.({ type: "ready", port: runtime.port });
