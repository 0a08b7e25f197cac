import type { IncomingMessage } from "node:http";
import { BlockList } from "node:net";
import { expect, test } from "vitest";
import { clientAddress } from "./client-address.ts";
import { createFailureLimit } from "./failures.ts";

const start = 1_000_000;

test("an address waits once it has failed too often, until its minute is over; others do not", () => {
  const limit = createFailureLimit(3);
  for (const at of [0, 10_000, 20_000]) {
    expect(limit.waitFor("1.2.3.4", start + at)).toBe(0);
    limit.failed("1.2.3.4", start + at);
  }
  expect(limit.waitFor("1.2.3.4", start + 20_000)).toBe(40);
  expect(limit.waitFor("1.2.3.5", start + 20_000)).toBe(0);
  expect(limit.waitFor("1.2.3.4", start + 60_000)).toBe(0);
});

test("nobody waits for a minute that a clock has put far into the future before it was set back", () => {
  const limit = createFailureLimit(1);
  limit.failed("1.2.3.4", start + 3_600_000);
  expect(limit.waitFor("1.2.3.4", start + 3_600_000)).toBe(60);
  expect(limit.waitFor("1.2.3.4", start)).toBe(0);
});

test("the addresses of one IPv6 customer count as one", () => {
  const limit = createFailureLimit(1);
  limit.failed("2001:db8::1", start);
  expect(limit.waitFor("2001:db8:0:0:ffff::2", start)).toBe(60);
  expect(limit.waitFor("2001:db8:0:1::1", start)).toBe(0);
});

test.each([
  ["a client", "9.9.9.9", "1.1.1.1", "9.9.9.9"],
  ["a client behind a proxy", "10.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8"],
  ["a client behind two proxies", "::ffff:10.0.0.1", "1.1.1.1, 8.8.8.8, 10.0.0.2", "8.8.8.8"],
  ["a proxy itself", "10.0.0.1", undefined, "10.0.0.1"],
  ["a proxy that sends nonsense", "10.0.0.1", "unknown", "10.0.0.1"],
])("tells the address of %s", (_, peer, forwarded, address) => {
  const trusted = new BlockList();
  trusted.addSubnet("10.0.0.0", 8, "ipv4");
  const request = { socket: { remoteAddress: peer }, headers: { "x-forwarded-for": forwarded } };
  expect(clientAddress(request as unknown as IncomingMessage, trusted)).toBe(address);
});
