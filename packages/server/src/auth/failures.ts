import { isIPv6 } from "node:net";
import { LRUCache } from "lru-cache";

/** Limits failed authentication per address. */
export interface FailureLimit {
  /** Seconds until this address may try again; 0 if it may now. */
  waitFor(address: string, now: number): number;
  /** @param now Unix milliseconds. */
  failed(address: string, now: number): void;
}

const windowMs = 60_000;

/** Bounds the memory that an attacker with many addresses can use up. */
const mostAddresses = 10_000;

/** Providers give each customer at least a /64, so its addresses are counted together. */
const groupOf = (address: string): string => {
  if (!isIPv6(address)) return address;
  const [head = "", tail = ""] = address.toLowerCase().split("%", 1).join("").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
};

/** After `limit` failures within a minute, an address has to wait until that minute is over. */
export const createFailureLimit = (limit: number): FailureLimit => {
  const windows = new LRUCache<string, { endsAt: number; failures: number }>({ max: mostAddresses });

  const current = (address: string, now: number) => {
    const window = windows.get(groupOf(address));
    // One that ends later than it could is from before the clock was set back.
    return window && window.endsAt > now && window.endsAt <= now + windowMs ? window : undefined;
  };

  return {
    waitFor(address, now) {
      const window = current(address, now);
      return window && window.failures >= limit ? Math.ceil((window.endsAt - now) / 1000) : 0;
    },
    failed(address, now) {
      const window = current(address, now);
      if (window) window.failures += 1;
      else windows.set(groupOf(address), { endsAt: now + windowMs, failures: 1 });
    },
  };
};
