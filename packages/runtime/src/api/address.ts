import { isLoopback } from "@muxi/http";
import type { Received } from "./received.ts";

/**
 * Where the caller has reached the formation, without a slash at the end: behind a server, below its `/api/{id}` or
 * `/draft/{id}` (docs/spec/server-api.md "Request headers through the proxy"). Only for what goes back to the caller, who
 * may have sent these headers too.
 */
export const addressOf = ({ headers }: Pick<Received, "headers">): string => {
  const sent = (name: string) =>
    String(headers[name] ?? "")
      .split(",")[0]
      ?.trim() ?? "";
  const scheme = sent("x-forwarded-proto") === "https" ? "https" : "http";
  const host = sent("x-forwarded-host") || sent("host");
  const address = `${scheme}://${host}${sent("x-forwarded-prefix")}`;
  return host !== "" && URL.canParse(address) ? address.replace(/\/$/, "") : "/";
};

/** Whether the request came over TLS or from this machine. A caller that forges the header exposes only itself. */
export const travelsUnseen = ({ headers: sent, http }: Received): boolean => {
  const listed = (name: string) =>
    String(sent[name] ?? "")
      .split(",")[0]
      ?.trim();
  if (listed("x-forwarded-proto") === "https") return true;
  return isLoopback(listed("x-forwarded-for") || http.remoteAddress);
};
