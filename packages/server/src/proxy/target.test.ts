import { expect, it } from "vitest";
import { proxyTarget } from "./target.ts";

it.each([
  ["/api/bot", { kind: "api", formationId: "bot", path: "/" }],
  ["/api/bot/", { kind: "api", formationId: "bot", path: "/" }],
  ["/api/bot?x=1", { kind: "api", formationId: "bot", path: "/?x=1" }],
  ["/api/bot/v1/a%2Fb?x=1", { kind: "api", formationId: "bot", path: "/v1/a%2Fb?x=1" }],
  ["/draft/bot/v1/chat", { kind: "draft", formationId: "bot", path: "/v1/chat" }],
  ["/mcp/bot", { kind: "mcp", formationId: "bot", path: "/mcp" }],
  ["/mcp/bot?x=1", { kind: "mcp", formationId: "bot", path: "/mcp?x=1" }],
  ["/mcp/bot/sse", { kind: "mcp", formationId: "bot", path: "/mcp/sse" }],
])("%s", (url, target) => expect(proxyTarget(url)).toEqual(target));

it.each(["/api", "/api/", "/api//v1", "/api?x", "/apibot", "/rpc/server/status", "/", ""])(
  "%j is not the proxy's",
  (url) => expect(proxyTarget(url)).toBeUndefined(),
);
