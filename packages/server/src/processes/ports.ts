import { createServer } from "node:net";

export interface PortRange {
  first: number;
  /** Exclusive. */
  end: number;
}

export class PortsExhaustedError extends Error {
  override readonly name = "PortsExhaustedError";
}

const canBind = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });

/** Both addresses must be free: another program may use the port on only one of them. */
export const isFree = async (port: number): Promise<boolean> =>
  (await canBind(port, "127.0.0.1")) && (await canBind(port, "0.0.0.0"));

/** The ports that formations listen on (docs/spec/server-api.md "Ports"). */
export interface PortPool {
  /**
   * Reserves a port that no other program uses: `kept`, which the caller already has, or else the lowest free one of
   * the range.
   *
   * @throws PortsExhaustedError when none is free. `kept` is released then.
   */
  acquire(kept?: number): Promise<number>;
  /** Reserves a port for a formation that is not running. False if it is taken, or outside the range. */
  reserve(port: number): boolean;
  release(port: number): void;
  counts(): { total: number; available: number; allocated: number };
}

export const createPortPool = ({ first, end }: PortRange): PortPool => {
  const taken = new Set<number>();

  return {
    async acquire(kept) {
      if (kept !== undefined && (await isFree(kept))) return kept;
      for (let port = first; port < end; port += 1) {
        if (taken.has(port)) continue;
        // Reserved before it is tested, since another call may run meanwhile.
        taken.add(port);
        if (await isFree(port)) {
          if (kept !== undefined) taken.delete(kept);
          return port;
        }
        taken.delete(port);
      }
      if (kept !== undefined) taken.delete(kept);
      throw new PortsExhaustedError(
        `No free port between ${first} and ${end - 1}. Stop a formation, or widen formations.port_range_end in config.yaml.`,
      );
    },
    reserve(port) {
      if (port < first || port >= end || taken.has(port)) return false;
      taken.add(port);
      return true;
    },
    release(port) {
      taken.delete(port);
    },
    counts: () => ({ total: end - first, available: end - first - taken.size, allocated: taken.size }),
  };
};
