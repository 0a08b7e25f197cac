import { type LookupAddress, lookup as lookupCallback } from "node:dns";
import { lookup } from "node:dns/promises";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { isLoopbackAddress } from "@muxi/http";
import { ApiError, lazy } from "@muxi/protocol";

/** Which addresses others may have a formation reach (docs/spec/formation-api.md "Webhook targets"). */
export interface TargetPolicy {
  allowLoopback: boolean;
  allowPrivate: boolean;
}

/** An address that must not be reached. */
export class ForbiddenTargetError extends Error {
  override readonly name = "ForbiddenTargetError";
}

const longestUrl = 2048;
/** How long to wait for a name to resolve before a request is accepted anyway, in milliseconds. */
const resolveTime = 2_000;

const blockList = (...subnets: readonly [network: string, prefix: number][]) => {
  const blocked = new BlockList();
  for (const [network, prefix] of subnets) {
    blocked.addSubnet(network, prefix, network.includes(":") ? "ipv6" : "ipv4");
  }
  return blocked;
};

/**
 * Everything that is not the public internet (RFC 6890), and the ways to embed an IPv4 address in IPv6. Mapped
 * addresses (`::ffff:…`) need no entry: a block list compares them with its IPv4 networks.
 */
const reserved = lazy(() =>
  blockList(
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
    ["::", 96],
    ["::ffff:0:0:0", 96],
    ["64:ff9b::", 96],
    ["64:ff9b:1::", 48],
    ["100::", 64],
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["3fff::", 20],
    ["5f00::", 16],
    ["fc00::", 7],
    ["fe80::", 10],
    ["fec0::", 10],
    ["ff00::", 8],
  ),
);

const isAllowed = (address: string, { allowLoopback, allowPrivate }: TargetPolicy): boolean => {
  const plain = address.split("%", 1)[0] ?? "";
  if (isLoopbackAddress(plain)) return allowLoopback || allowPrivate;
  return allowPrivate || !reserved().check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
};

const refusal = (host: string) =>
  new ForbiddenTargetError(
    `${host} is not a public address: private ones are reached only with async.allow_private_targets`,
  );

/** Below these are services of other protocols, which must not be spoken to. */
const firstFreePort = 1024;

const isAllowedPort = ({ port }: URL, { allowPrivate }: TargetPolicy): boolean =>
  allowPrivate || port === "" || port === "80" || port === "443" || Number(port) >= firstFreePort;

/** The host of a URL if it is an IP address. URL parsing has already normalised decimal and hexadecimal forms. */
const addressIn = (url: URL): string | undefined => {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? undefined : host;
};

/**
 * Parses an address and checks what can be checked without resolving its name.
 *
 * @throws ForbiddenTargetError
 */
export const parseTarget = (text: string, policy: TargetPolicy): URL => {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || text.length > longestUrl) {
    throw new ForbiddenTargetError(
      `the address must be an http or https URL of at most ${longestUrl} characters`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new ForbiddenTargetError("the address must not hold a user name or password");
  }
  if (!isAllowedPort(url, policy)) {
    throw new ForbiddenTargetError(
      `the port ${url.port} is not reached: use 80, 443 or one from ${firstFreePort} on`,
    );
  }
  const address = addressIn(url);
  if (address !== undefined && !isAllowed(address, policy)) throw refusal(url.hostname);
  return url;
};

/**
 * Refuses a bad `webhook_url` before the request is accepted. A name that does not resolve now is let through: the
 * webhook is sent later.
 *
 * @throws ApiError `INVALID_PARAMS`
 */
export const checkTarget = async (text: string, policy: TargetPolicy): Promise<void> => {
  try {
    const url = parseTarget(text, policy);
    if (addressIn(url) !== undefined) return;
    const late = new Promise<LookupAddress[]>((resolve) => {
      setTimeout(resolve, resolveTime, []).unref();
    });
    const addresses = await Promise.race([lookup(url.hostname, { all: true }).catch(() => []), late]);
    if (!addresses.every(({ address }) => isAllowed(address, policy))) throw refusal(url.hostname);
  } catch (error) {
    if (!(error instanceof ForbiddenTargetError)) throw error;
    throw new ApiError("INVALID_PARAMS", `webhook_url: ${error.message}`, {
      data: {
        validation_errors: [{ field: "webhook_url", msg: error.message, type: "url", error: "invalid" }],
      },
    });
  }
};

/**
 * Resolves names for the connection itself, so that the address that is checked is the one that is used. A name that
 * changes its address between check and connection (DNS rebinding) gains nothing.
 */
export const guardedLookup =
  (policy: TargetPolicy): LookupFunction =>
  (host, options, done) => {
    lookupCallback(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return done(error ?? new Error(`${host} has no address`), "", 0);
      if (!addresses.every(({ address }) => isAllowed(address, policy))) return done(refusal(host), "", 0);
      if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
