import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createLog } from "./server-log.ts";

test("secrets are not written: neither fields that hold them nor errors that quote them", () => {
  let written = "";
  const log = createLog(
    "info",
    new Writable({
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    }),
  );
  const headers = { authorization: "hidden-1", host: "shown" };
  log.info({ headers, secret: "hidden-2", err: new Error("key muxi_sk_hidden3hidden3 is wrong") }, "line");
  expect(written).toContain("shown");
  expect(written).toContain("muxi_sk_[redacted]");
  expect(written).not.toContain("hidden");
});
