import { expect, test } from "vitest";
import { createSigner } from "./hmac.ts";

// The vectors of docs/spec/server-api.md "Signature test vectors".
const keyId = "muxi_pk_0123456789abcdef01234567";
const secret = "muxi_sk_0123456789abcdef0123456789abcdef0123456789abcdef01234567";
const now = 1_705_484_123_999;

test.each([
  ["POST", "/rpc/formations", "NmfleKb5BII3J0tzXty/ccQQ4JlRx2Yp6z5zWitWqrA="],
  ["GET", "/rpc/formations", "g0P3TOuRAyIDp4FEba0pjOOE99bCM0UawJm842FEhSE="],
  ["GET", "/rpc/server/status", "WVsfT0eIMmb2Twf9MOcjKVsfgOPKhcpZbB00G5pa8/o="],
  ["PUT", "/rpc/formations/my-bot", "gbUb+8mKqKbV4CrPuwkVzGVDf4Q4l6lGCdY305oTezY="],
  ["DELETE", "/rpc/formations/my-bot", "K5WzcPb1NvMEqs3tcJSixkwgNjU1HZXvmGDNQvs0ZfM="],
  ["GET", "/rpc/formations/my-bot/logs", "mI8UmfzPa7y/VFqrxitgWoqzB1wcCRxevNmZzT8RG6w="],
])("signs %s %s", async (method, path, signature) => {
  expect(await createSigner(keyId, secret).authorization(method, path, now)).toBe(
    `MUXI-HMAC key=${keyId}, timestamp=1705484123, signature=${signature}`,
  );
});

test("signs the decoded path", async () => {
  const { authorization } = createSigner(keyId, secret);
  expect(await authorization("GET", "/rpc/formations/my%2Dbot", now)).toBe(
    await authorization("GET", "/rpc/formations/my-bot", now),
  );
});
