import { describe, expect, it } from "vitest";
import { foreignPage } from "./foreign-page.ts";

describe("without credentials", () => {
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
