import { expect, test } from "vitest";
import { crashWork, timeFor } from "./work-crash.ts";

/** `MUXI_TEST_WORK_KILLS=500` is the long form. */
const kills = Number(process.env.MUXI_TEST_WORK_KILLS ?? 10);

test("however often its processes are killed, procedures, plans and queued messages are carried out, and no approved call is made twice", {
  // More than what it waits for, so that it says what that was.
  timeout: timeFor(kills) + 30_000,
}, async () => {
  const told = await crashWork(kills, 20_261);
  console.info(told);
  expect(told).toMatch("all done");
});
