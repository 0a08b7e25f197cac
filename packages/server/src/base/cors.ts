/** Headers that allow pages of any origin to use the server (docs/spec/server-api.md "HTTP rules of the server"). */
export const corsHeaders = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "X-Muxi-Request-ID, X-Muxi-SDK-Latest, Retry-After",
} as const;

export const preflightHeaders = {
  ...corsHeaders,
  "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
  "access-control-allow-headers":
    "Content-Type, Authorization, Accept, Last-Event-ID, X-Muxi-Client-Key, X-Muxi-Admin-Key, X-Muxi-User-ID, X-Muxi-Request-ID, X-Muxi-Idempotency-Key, Idempotency-Key, X-Muxi-SDK, X-Muxi-Client, X-Muxi-Content-SHA256, X-Muxi-Check, X-Muxi-Include-DB, X-Muxi-Include-Data, X-Formation-ID, X-Formation-Version",
  "access-control-max-age": "86400",
} as const;
