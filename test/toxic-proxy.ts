import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** What happens to the bytes of all connections, old and new. */
export type Toxin =
  /** Everything passes. */
  | { kind: "none" }
  /** Connections are reset, and new ones too. */
  | { kind: "cut" }
  /** Nothing passes in these directions, and nobody is told. */
  | { kind: "stall"; towards: "server" | "client" | "both" }
  /** Everything arrives so many milliseconds later. */
  | { kind: "delay"; milliseconds: number };

export interface ToxicProxy {
  readonly port: number;
  /** Begins a fault of the network in the place of the one before. */
  poison(toxin: Toxin): void;
  /**
   * Ends the fault.
   *
   * @param options.forgotten Connections of before stay silent for ever, as behind a router that was restarted.
   * Otherwise what was kept back arrives now.
   */
  heal(options?: { forgotten: boolean }): void;
  close(): Promise<void>;
}

/** A TCP proxy on a free port, whose network fails as it is told. */
export const startToxicProxy = async (target: { host: string; port: number }): Promise<ToxicProxy> => {
  let toxin: Toxin = { kind: "none" };
  const sockets = new Set<Socket>();
  /** Sends what was kept back, one function for each direction of each connection. */
  let flushes = new Set<() => void>();

  const pass = (from: Socket, to: Socket, towards: "server" | "client") => {
    let kept: Buffer[] = [];
    let isOver = false;
    let lastDueAt = 0;
    const isStalled = () => toxin.kind === "stall" && (toxin.towards === towards || toxin.towards === "both");
    const flush = () => {
      for (const bytes of kept) to.write(bytes);
      kept = [];
      if (isOver) to.end();
    };
    const isForgotten = () => !flushes.has(flush);
    /** After what was delayed before, also when there is no delay any more. */
    const send = (bytes: Buffer) => {
      const now = performance.now();
      const dueAt = Math.max(now + (toxin.kind === "delay" ? toxin.milliseconds : 0), lastDueAt + 1);
      if (dueAt <= now) return to.write(bytes);
      lastDueAt = dueAt;
      setTimeout(() => to.write(bytes), dueAt - now);
    };

    flushes.add(flush);
    from.on("data", (bytes) => {
      if (isForgotten()) return;
      if (isStalled()) kept.push(bytes);
      else send(bytes);
    });
    from.on("error", () => from.destroy());
    from.on("close", () => {
      sockets.delete(from);
      isOver = true;
      // Through a silent network, the other end does not hear of it either.
      if (!isStalled() && !isForgotten()) to.destroy();
    });
  };

  const server = createServer((client) => {
    if (toxin.kind === "cut") {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target);
    sockets.add(client).add(upstream);
    pass(client, upstream, "server");
    pass(upstream, client, "client");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  const destroyAll = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  return {
    port: address.port,
    poison(next) {
      toxin = next;
      if (next.kind === "cut") destroyAll();
    },
    heal({ forgotten } = { forgotten: false }) {
      toxin = { kind: "none" };
      if (forgotten) flushes = new Set();
      else for (const flush of flushes) flush();
    },
    async close() {
      server.close();
      destroyAll();
      await once(server, "close");
    },
  };
};
