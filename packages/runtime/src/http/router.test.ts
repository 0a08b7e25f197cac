import { expect, test } from "vitest";
import { createRouter } from "./router.ts";

const router = createRouter<string>();
for (const [method, path] of [
  ["GET", "/"],
  ["GET", "/users/{identifier}"],
  ["POST", "/users/resolve"],
  ["GET", "/events/{session_id}"],
  ["GET", "/events/{session_id}/{request_id}"],
  ["DELETE", "/memory/buffer"],
  ["DELETE", "/memory/{id}"],
] as const) {
  router.add(method, path, `${method} ${path}`);
}

test.each([
  ["GET", "/", "GET /", {}],
  ["GET", "/users/ann%40example.org", "GET /users/{identifier}", { identifier: "ann@example.org" }],
  ["GET", "/users/a%2Fb", "GET /users/{identifier}", { identifier: "a/b" }],
  ["POST", "/users/resolve", "POST /users/resolve", {}],
  ["GET", "/users/resolve", "GET /users/{identifier}", { identifier: "resolve" }],
  ["GET", "/events/s/r", "GET /events/{session_id}/{request_id}", { session_id: "s", request_id: "r" }],
  ["DELETE", "/memory/buffer", "DELETE /memory/buffer", {}],
  ["DELETE", "/memory/mem_1", "DELETE /memory/{id}", { id: "mem_1" }],
])("%s %s leads to %s", (method, path, value, params) => {
  expect(router.find(method, path)).toEqual({ value, params });
});

test("a path with other methods says which", () => {
  expect(router.find("PUT", "/users/resolve")).toEqual({ allowed: ["POST"] });
  expect(router.find("POST", "/events/s/r")).toEqual({ allowed: ["GET"] });
});

test.each(["/nothing", "/users", "/users/", "/users/a/b", "/users/%ff", "//", "", "/events/s/r/"])(
  "%s leads nowhere",
  (path) => {
    expect(router.find("GET", path)).toBeUndefined();
  },
);
