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

/** What `Connection: a, b` names is for this connection only, too; a length is not: without it nobody finds the end. */
export const namedIn = (connection: string | undefined): readonly string[] =>
  connection === undefined || connection === "keep-alive" || connection === "close"
    ? []
    : connection
        .toLowerCase()
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "content-length");
