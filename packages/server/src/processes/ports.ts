import { createServer } from "node:net";

export interface PortRange {
  first: number;
  /** Not part of the range. */
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

/** Both addresses: a port that another program holds on only one of them is still taken. */
const isFree = async (port: number): Promise<boolean> =>
  (await canBind(port, "127.0.0.1")) && (await canBind(port, "0.0.0.0"));

/** The ports that formations listen on (contract/server-api.md 16). */
export interface PortPool {
  /**
   * The lowest free port of the range, kept for this owner until it is released. The same owner gets the same
   * port again.
   *
   * @throws PortsExhaustedError when none is free.
   */
  acquire(owner: string): Promise<number>;
  release(owner: string): void;
  counts(): { total: number; available: number; allocated: number };
}

export const createPortPool = ({ first, end }: PortRange): PortPool => {
  const owners = new Map<string, number>();
  const taken = new Set<number>();

  return {
    async acquire(owner) {
      const owned = owners.get(owner);
      if (owned !== undefined) return owned;
      for (let port = first; port < end; port += 1) {
        if (taken.has(port)) continue;
        // Taken before the test, since another call may come by while it runs.
        taken.add(port);
        if (await isFree(port)) {
          owners.set(owner, port);
          return port;
        }
        taken.delete(port);
      }
      throw new PortsExhaustedError(
        `No free port between ${first} and ${end - 1}. Stop a formation, or widen formations.port_range_end in config.yaml.`,
      );
    },
    release(owner) {
      const port = owners.get(owner);
      if (port === undefined) return;
      owners.delete(owner);
      taken.delete(port);
    },
    counts: () => ({ total: end - first, available: end - first - taken.size, allocated: taken.size }),
  };
};
