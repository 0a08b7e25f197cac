import { expect, test } from "vitest";
import { isLoopback } from "./loopback.ts";

test.each([
  "localhost",
  "LOCALHOST",
  "app.localhost",
  "127.0.0.1",
  "127.1.2.3",
  "::1",
  "[::1]",
  "::ffff:127.0.0.1",
])("%s is this machine", (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each([
  "",
  "0.0.0.0",
  "::",
  "127.1",
  "128.0.0.1",
  "192.168.1.1",
  "example.com",
  "localhost.example.com",
  "127.0.0.1.example.com",
])("'%s' may be another machine", (host) => {
  expect(isLoopback(host)).toBe(false);
});
