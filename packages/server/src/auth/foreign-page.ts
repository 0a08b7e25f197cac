import { isLoopback } from "@muxi/http";

const hostName = (url: string): string | undefined =>
  URL.canParse(url) ? new URL(url).hostname || undefined : undefined;

/** Whether a `Host` header names another machine; none may as well. */
export const isForeignHost = (host: string | undefined): boolean =>
  !isLoopback(hostName(`http://${host ?? ""}`) ?? "");

/**
 * Without credentials the loopback address is the only protection, and every web page that the user opens can reach
 * it. Such a page is recognised by its `Origin`, or, if its name now resolves to 127.0.0.1 (DNS rebinding), by its
 * `Host`.
 *
 * @returns Why the request is refused, or undefined if it is accepted.
 */
export const foreignPage = (headers: {
  host?: string | undefined;
  origin?: string | undefined;
}): string | undefined => {
  if (isForeignHost(headers.host)) {
    return "Authentication is off, so only requests addressed to localhost are served. Use http://127.0.0.1, or turn authentication on in config.yaml.";
  }
  const origin = headers.origin === undefined ? "localhost" : hostName(headers.origin);
  if (origin === undefined || !isLoopback(origin)) {
    return "Authentication is off, so requests from other web pages are refused. Turn authentication on in config.yaml.";
  }
  return undefined;
};
