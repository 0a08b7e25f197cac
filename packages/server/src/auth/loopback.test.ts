import { describe, expect, it } from "vitest";
import { foreignPage, isLoopback } from "./loopback.ts";

describe("loopback", () => {
  it.each(["localhost", "LOCALHOST", "app.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])(
    "%s is this machine",
    (host) => expect(isLoopback(host)).toBe(true),
  );

  it.each([
    "0.0.0.0",
    "::",
    "192.168.1.1",
    "example.com",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "",
  ])("%j is not", (host) => expect(isLoopback(host)).toBe(false));

  it.each([
    { host: "127.0.0.1:7890" },
    { host: "[::1]:7890" },
    { host: "localhost:7890", origin: "http://localhost:3000" },
  ])("lets %o pass", (headers) => expect(foreignPage(headers)).toBeUndefined());

  it.each([
    {},
    { host: "evil.example:7890" },
    { host: "127.0.0.1:7890", origin: "https://evil.example" },
    { host: "127.0.0.1:7890", origin: "null" },
    { host: "127.0.0.1:7890", origin: "http://127.0.0.1.evil.example" },
  ])("refuses %o and says why", (headers) => expect(foreignPage(headers)).toMatch(/Authentication is off/));
});
