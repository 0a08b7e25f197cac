import { expect, test } from "vitest";
import { forwardedHeaders, sortHeaders } from "./headers.ts";

test("what this server adds to a request is dropped where the client sent it", () => {
  const peer = { address: "192.0.2.1", trusted: false, secure: false };
  const added = forwardedHeaders(new Map(), peer, { kind: "api", formationId: "hello" }, "req_1").filter(
    (_, at) => at % 2 === 0,
  );
  expect(added).toContain("X-Formation-ID");
  const forged = added.flatMap((name) => [name, "forged"]);
  expect(sortHeaders([...forged, "Accept", "*/*"], undefined).passed).toEqual(["Accept", "*/*"]);
});
