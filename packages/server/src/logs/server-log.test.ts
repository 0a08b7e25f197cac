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
  const err = Object.assign(new Error("key muxi_sk_hidden3hidden3 is wrong"), { api_key: "hidden-4" });
  log.info({ headers, secret: "hidden-2", err }, "line");
  expect(written).toContain("shown");
  expect(written).toContain("muxi_sk_[redacted]");
  expect(written).not.toContain("hidden");
  expect(headers.authorization).toBe("hidden-1");
});
