/**
 * Header names of the wire, in the lower case in which Node reports them (docs/spec/formation-api.md
 * "Request headers").
 */
export const headers = {
  clientKey: "x-muxi-client-key",
  adminKey: "x-muxi-admin-key",
  userId: "x-muxi-user-id",
  requestId: "x-muxi-request-id",
  idempotencyKey: "x-muxi-idempotency-key",
  server: "x-muxi-server",
  sdk: "x-muxi-sdk",
  sdkLatest: "x-muxi-sdk-latest",
} as const;
