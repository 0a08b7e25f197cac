import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { isLoopback } from "@muxi/http";

const trusted = new Set<string>();

const hostOf = (input: string | URL | Request): string => {
  const url = input instanceof Request ? input.url : input;
  return URL.canParse(url) ? new URL(url).hostname : "";
};

/**
 * Makes `fetch` in this process accept, on loopback addresses, the certificate in the server's settings. It is issued
 * for a public name or self-signed, so it could not be verified for 127.0.0.1 otherwise. Other hosts are verified as
 * usual.
 *
 * @param cert PEM, with the server's own certificate first.
 */
export const trustOwnCertificate = async (cert: string): Promise<void> => {
  if (trusted.has(cert)) return;
  trusted.add(cert);
  const { fingerprint256 } = new X509Certificate(cert);
  // Loaded here, because only commands that talk to such a server need it.
  const { Agent } = await import("undici");
  const checkServerIdentity = (host: string, peer: PeerCertificate): Error | undefined =>
    peer.fingerprint256 === fingerprint256
      ? undefined
      : new Error(`${host} presents a different certificate from the one in the server's settings`);
  // The certificate's issuer need not be known on this machine.
  const dispatcher = new Agent({ connect: { ca: cert, allowPartialTrustChain: true, checkServerIdentity } });
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    // `dispatcher` is specific to Node, and not part of the web's types.
    const own = isLoopback(hostOf(input)) ? { ...init, dispatcher } : init;
    return fetch(input, own);
  };
};
