import { isLoopback } from "./loopback.ts";

/** The proxy on the way to a host. */
export interface ProxyServer {
  host: string;
  port: number;
  /** Whether the proxy itself is spoken to by TLS. */
  secure: boolean;
  /** The value of `Proxy-Authorization`; undefined when the proxy's address has no user. */
  authorization: string | undefined;
}

/** Which proxy a request goes through; undefined for none. */
export type ProxyChoice = (url: URL) => ProxyServer | undefined;

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === "https:" ? 443 : 80));

const hostOf = ({ hostname }: URL): string =>
  hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");

const readProxy = (name: string, value: string): ProxyServer => {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === "")
    throw new Error(`${name} is not the address of a proxy: write it as http://host:port`);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    host: hostOf(url),
    port: portOf(url),
    secure: url.protocol === "https:",
    authorization: user === ":" ? undefined : `Basic ${Buffer.from(user).toString("base64")}`,
  };
};

/** An entry of `NO_PROXY`: `*`, a host, `.suffix` or `*.suffix`, each perhaps with a port. */
const exceptionOf = (entry: string) => {
  if (entry === "*") return () => true;
  const [, bracketed, plain = "", port] = /^(?:\[(.*)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? [];
  // An IPv6 address without brackets has no port.
  const isBareAddress = bracketed === undefined && entry.split(":").length > 2;
  const name = isBareAddress ? entry : (bracketed ?? plain);
  const suffix = name.replace(/^\*?\./, "");
  return (host: string, hostPort: number) =>
    (isBareAddress || port === undefined || Number(port) === hostPort) &&
    (host === suffix || host.endsWith(`.${suffix}`));
};

/**
 * Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in lower case first (docs/spec/formation-files.md "Proxies").
 * Requests to this machine itself go through none.
 *
 * @throws Error when the address of a proxy cannot be read. Its message does not repeat it, since it may hold a password
 */
export const proxyFrom = (env: Readonly<Record<string, string | undefined>>): ProxyChoice | undefined => {
  const read = (name: string): ProxyServer | undefined => {
    const value = env[name.toLowerCase()] || env[name];
    return value ? readProxy(name, value.trim()) : undefined;
  };
  const plain = read("HTTP_PROXY");
  const secure = read("HTTPS_PROXY");
  if (!plain && !secure) return undefined;
  const exceptions = (env.no_proxy || env.NO_PROXY || "")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map(exceptionOf);
  return (url) => {
    const host = hostOf(url);
    if (isLoopback(host) || exceptions.some((isMeant) => isMeant(host, portOf(url)))) return undefined;
    return url.protocol === "https:" ? secure : plain;
  };
};
