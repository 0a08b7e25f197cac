import type { IncomingMessage } from "node:http";
import { type BlockList, isIP, isIPv6, type Socket } from "node:net";

export const isTrusted = (address: string, trusted: BlockList): boolean =>
  trusted.check(address, isIPv6(address) ? "ipv6" : "ipv4");

/** The address of the peer. On a dual-stack socket an IPv4 client appears as `::ffff:1.2.3.4`. */
export const peerAddress = (socket: Socket): string =>
  (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/i, "");

/**
 * The address that a request comes from. `X-Forwarded-For` is trusted as far as trusted proxies wrote it: from the
 * right, up to the first address that is not one of them.
 */
export const clientAddress = (
  request: Pick<IncomingMessage, "socket" | "headers">,
  trusted: BlockList,
): string => {
  const header = request.headers["x-forwarded-for"];
  const chain = (Array.isArray(header) ? header.join(",") : (header ?? ""))
    .split(",")
    .map((one) => one.trim());
  let address = peerAddress(request.socket);
  while (isIP(address) !== 0 && isTrusted(address, trusted)) {
    const before = chain.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address;
};
