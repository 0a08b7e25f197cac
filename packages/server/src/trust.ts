import { X509Certificate } from "node:crypto";
import tls, { type PeerCertificate } from "node:tls";
import { isLoopback } from "./auth/index.ts";

/**
 * Lets `fetch` of this process reach the server of this machine by the certificate in its settings. That is made for
 * a public name, or signed by itself, so that under 127.0.0.1 nobody could check it otherwise. For every other host
 * and certificate all stays as it was.
 *
 * @param cert PEM, the server's own certificate first.
 */
export const trustOwnCertificate = async (cert: string): Promise<void> => {
  const { fingerprint256 } = new X509Certificate(cert);
  // Here, because only a command that talks to such a server needs it.
  const { Agent, setGlobalDispatcher } = await import("undici");
  const checkIdentity = (host: string, peer: PeerCertificate): Error | undefined =>
    isLoopback(host) && peer.fingerprint256 === fingerprint256
      ? undefined
      : tls.checkServerIdentity(host, peer);
  // Since Node 22.15; the list before it leaves out what NODE_EXTRA_CA_CERTS adds.
  const known = typeof tls.getCACertificates === "function" ? tls.getCACertificates() : tls.rootCertificates;
  setGlobalDispatcher(
    new Agent({
      connect: {
        ca: [...known, cert],
        // What signed the certificate need not be known here.
        allowPartialTrustChain: true,
        checkServerIdentity: checkIdentity,
      },
    }),
  );
};
