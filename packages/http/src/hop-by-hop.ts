/** Headers that belong to one connection (docs/spec/server-api.md "Request headers through the proxy"). */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Whether a header, by its name in lower case, belongs to one connection. */
export const isHopByHop = (name: string): boolean => hopByHop.has(name);

/**
 * The headers that `Connection: a, b` names, which are for this connection only, too. A length never is: without it
 * nobody could find the end of the body.
 */
export const headersNamedIn = (connection: string | undefined): readonly string[] =>
  connection === undefined || connection === "keep-alive" || connection === "close"
    ? []
    : connection
        .toLowerCase()
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "content-length");
