/**
 * The names of all headers of our own, in the lower case in which Node reports them
 * (docs/spec/formation-api.md "Request headers" and "Webhook headers", docs/spec/server-api.md "Deploy" and
 * "Request headers through the proxy").
 */
export const headers = {
  clientKey: "x-muxi-client-key",
  adminKey: "x-muxi-admin-key",
  userId: "x-muxi-user-id",
  requestId: "x-muxi-request-id",
  idempotencyKey: "x-muxi-idempotency-key",
  /** Name and version of a client's SDK. */
  sdk: "x-muxi-sdk",
  /** The platform that it runs on. */
  client: "x-muxi-client",
  sdkLatest: "x-muxi-sdk-latest",
  /** Version of the server that passed the request on. */
  server: "x-muxi-server",
  formationId: "x-formation-id",
  formationVersion: "x-formation-version",
  contentSha256: "x-muxi-content-sha256",
  check: "x-muxi-check",
  includeDb: "x-muxi-include-db",
  includeData: "x-muxi-include-data",
  webhookSignature: "x-muxi-signature",
  webhookTimestamp: "x-muxi-timestamp",
} as const;
