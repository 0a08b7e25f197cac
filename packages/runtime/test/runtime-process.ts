/**
 * Runs a formation with a short lease, where the machine's clock can be set: `runtime-process.ts <folder> <lease>
 * [<milliseconds that it is ahead>]`.
 */
import { openFormation, resolveApiKeys } from "@muxi/formation";
import { pino } from "pino";
import { startRuntime } from "../src/index.ts";

const [, , folder = "", leaseTime = "", setAhead = "0"] = process.argv;
const realTime = Date.now;
let ahead = Number(setAhead);
Date.now = () => realTime() + ahead;
const formation = await openFormation(folder);
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
});
process.send?.({ type: "ready", port: runtime.port });
