import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { isLoopback } from "@muxi/http";

const trusted = new Set<string>();

const hostOf = (input: string | URL | Request): string => {
  const url = input instanceof Request ? input.url : input;
  return URL.canParse(url) ? new URL(url).hostname : "";
};

/**
 * Lets `fetch` of this process reach the server of this machine by the certificate in its settings. That is made for
 * a public name, or signed by itself, so that under 127.0.0.1 nobody could check it otherwise. For every other host
 * all stays as it was.
 *
 * @param cert PEM, the server's own certificate first.
 */
export const trustOwnCertificate = async (cert: string): Promise<void> => {
  if (trusted.has(cert)) return;
  trusted.add(cert);
  const { fingerprint256 } = new X509Certificate(cert);
  // Here, because only a command that talks to such a server needs it.
  const { Agent } = await import("undici");
  const checkServerIdentity = (host: string, peer: PeerCertificate): Error | undefined =>
    peer.fingerprint256 === fingerprint256
      ? undefined
      : new Error(`${host} shows another certificate than the server's settings name`);
  // What signed the certificate need not be known here.
  const dispatcher = new Agent({ connect: { ca: cert, allowPartialTrustChain: true, checkServerIdentity } });
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    // `dispatcher` is an option of Node's own, which the web's types do not know.
    const own = isLoopback(hostOf(input)) ? { ...init, dispatcher } : init;
    return fetch(input, own);
  };
};
