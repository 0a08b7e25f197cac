import { expect, test } from "vitest";
import { crashAndLook } from "./crash.ts";
import { onPostgres } from "./postgres.ts";

/** `MUXI_TEST_KILLS=200` is the long form. */
const kills = Number(process.env.MUXI_TEST_KILLS ?? 10);

test.skipIf(onPostgres)(
  "however often a formation on SQLite is killed, everything that it promised is there",
  { timeout: 60_000 + kills * 10_000 },
  async () => {
    const told = await crashAndLook(kills, 20_260);
    console.info(told);
    expect(told).toMatch("all there");
  },
);
