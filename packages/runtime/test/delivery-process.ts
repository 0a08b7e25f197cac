/** Notes a delivery and sends it until somebody kills it: `delivery-process.ts <database> <url>`. */
import { pino } from "pino";
import { createDeliveries } from "../src/background/index.ts";
import { createDeliveryRepository, openSqlite } from "../src/store/index.ts";

const [, , file = "", webhookUrl = ""] = process.argv;
const database = openSqlite(file);
const deliveries = createDeliveries({
  formationId: "orchard",
  deliveries: createDeliveryRepository(database),
  policy: { allowLoopback: true, allowPrivate: false },
  secret: "fma_test",
  timeout: 600_000,
  retries: 3,
  now: Date.now,
  log: pino({ level: "silent" }),
});
await database.write(
  deliveries.statements({
    requestId: "req_1",
    userId: "ann",
    webhookUrl,
    mode: "async",
    startedAt: 0,
    endedAt: 0,
    status: "completed",
    text: "Done",
  }),
);
deliveries.wake();
setInterval(() => {}, 1_000);
