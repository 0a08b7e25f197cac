import { describe, expect, it } from "vitest";
import { refusal, sign } from "./hmac.ts";

// docs/spec/server-api.md "Signature test vectors"
const key = "muxi_pk_0123456789abcdef01234567";
const secret = "muxi_sk_0123456789abcdef0123456789abcdef0123456789abcdef01234567";
const timestamp = "1705484123";
const now = Number(timestamp) * 1000;
const credentials = { key, secret, toleranceSeconds: 300 };

const vectors = [
  ["POST", "/rpc/formations", "NmfleKb5BII3J0tzXty/ccQQ4JlRx2Yp6z5zWitWqrA="],
  ["GET", "/rpc/formations", "g0P3TOuRAyIDp4FEba0pjOOE99bCM0UawJm842FEhSE="],
  ["GET", "/rpc/server/status", "WVsfT0eIMmb2Twf9MOcjKVsfgOPKhcpZbB00G5pa8/o="],
  ["PUT", "/rpc/formations/my-bot", "gbUb+8mKqKbV4CrPuwkVzGVDf4Q4l6lGCdY305oTezY="],
  ["DELETE", "/rpc/formations/my-bot", "K5WzcPb1NvMEqs3tcJSixkwgNjU1HZXvmGDNQvs0ZfM="],
  ["GET", "/rpc/formations/my-bot/logs?lines=50&stream=all", "mI8UmfzPa7y/VFqrxitgWoqzB1wcCRxevNmZzT8RG6w="],
] as const;

const header = (signature: string, fields = { key, timestamp }): string =>
  `MUXI-HMAC key=${fields.key}, timestamp=${fields.timestamp}, signature=${signature}`;

const [method, url, signature] = vectors[0];
const check = (authorization: string | undefined, at = now): string | undefined =>
  refusal({ method, url, authorization, now: at }, credentials);

describe("HMAC", () => {
  it.each(vectors)("accepts the contract's %s %s", (method, url, signature) => {
    expect(refusal({ method, url, authorization: header(signature), now }, credentials)).toBeUndefined();
  });

  it("refuses the vector that signed the query", () => {
    const request = {
      method: "GET",
      url: "/rpc/formations/my-bot/logs?lines=50&stream=all",
      authorization: header("YeFdsHJEq5h2t2C01BXBp3pQ7CAozBnZqSdfDOKvrAc="),
      now,
    };
    expect(refusal(request, credentials)).toBe("Invalid signature");
  });

  it("signs the decoded path", () => {
    const authorization = header(sign(secret, timestamp, "GET", "/rpc/a b"));
    expect(refusal({ method: "GET", url: "/rpc/a%20b", authorization, now }, credentials)).toBeUndefined();
    expect(refusal({ method: "GET", url: "/rpc/%", authorization, now }, credentials)).toBe(
      "Invalid signature",
    );
  });

  it("takes the fields in any order and ignores others", () => {
    expect(
      check(`MUXI-HMAC signature=${signature}, extra=1, timestamp=${timestamp}, key=${key}`),
    ).toBeUndefined();
  });

  it.each([
    ["other scheme", `Bearer ${signature}`],
    ["lower case scheme", header(signature).toLowerCase()],
    ["no space after the comma", header(signature).replaceAll(", ", ",")],
    ["a missing field", `MUXI-HMAC key=${key}, timestamp=${timestamp}`],
    ["an empty field", header("")],
    ["a field given twice", `${header(signature)}, key=${key}`],
    ["a field without a value", `${header(signature)}, extra`],
  ])("refuses %s as badly formed", (_name, authorization) => {
    expect(check(authorization)).toBe("Invalid authorization header format");
  });

  it("names the first check that fails", () => {
    expect(check(undefined)).toBe("Missing authorization header");
    expect(check(header(signature, { key: "muxi_pk_other", timestamp: "0" }))).toBe("Invalid key");
    expect(check(header("AAAA"))).toBe("Invalid signature");
  });

  it("allows exactly the tolerance, in both directions", () => {
    const expired = "Request expired (timestamp too old or in future)";
    expect(check(header(signature), now + 300_000)).toBeUndefined();
    expect(check(header(signature), now - 300_000)).toBeUndefined();
    expect(check(header(signature), now + 301_000)).toBe(expired);
    expect(check(header(signature), now - 301_000)).toBe(expired);
    expect(check(header(signature, { key, timestamp: "soon" }))).toBe(expired);
  });
});
