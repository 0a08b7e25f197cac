import { expect, it } from "vitest";
import { proxyFrom } from "./proxy.ts";

const env = { HTTP_PROXY: "http://plain.example:3128", https_proxy: "ann:p%40ss@secure.example" };
const hostFor = (url: string, more: Record<string, string> = {}) =>
  proxyFrom({ ...env, ...more })?.(new URL(url))?.host;

it("takes the proxy of the protocol, in either case, with its user", () => {
  expect(proxyFrom({})).toBeUndefined();
  expect(hostFor("http://api.example/")).toBe("plain.example");
  expect(proxyFrom(env)?.(new URL("https://api.example/"))).toEqual({
    host: "secure.example",
    port: 80,
    secure: false,
    authorization: `Basic ${Buffer.from("ann:p@ss").toString("base64")}`,
  });
  expect(hostFor("http://api.example/", { http_proxy: "other.example:1" })).toBe("other.example");
});

it.each([
  ["*", "http://api.example/"],
  ["api.example", "http://api.example/"],
  ["API.example", "http://deep.api.example/"],
  [".example", "https://api.example/"],
  ["*.example", "https://api.example/"],
  ["x.test, api.example:8080", "http://api.example:8080/"],
  ["api.example:443", "https://api.example/"],
  ["10.0.0.7", "http://10.0.0.7:81/"],
  ["fd00::7", "http://[fd00::7]:81/"],
  ["[fd00::7]:81", "http://[fd00::7]:81/"],
  ["", "http://127.0.0.1:9/"],
  ["", "http://localhost:9/"],
  ["", "https://[::1]/"],
])("NO_PROXY=%s: none on the way to %s", (no_proxy, url) => {
  expect(hostFor(url, { no_proxy })).toBeUndefined();
});

it.each([
  ["api.example:8080", "http://api.example/"],
  ["pi.example", "http://api.example/"],
  ["example.api", "http://api.example/"],
])("NO_PROXY=%s says nothing of %s", (NO_PROXY, url) => {
  expect(hostFor(url, { NO_PROXY })).toBe("plain.example");
});

it("names the variable that is no address, and not what stands in it", () => {
  expect(() => proxyFrom({ HTTPS_PROXY: "socks5://ann:secret@x" })).toThrow(
    new Error("HTTPS_PROXY is not the address of a proxy: write it as http://host:port"),
  );
});
