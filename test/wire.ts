import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { until } from "./until.ts";

/** A socket of a test, and what came on it. */
export interface Wire {
  readonly socket: Socket;
  /** In Latin-1. */
  readonly received: string;
  /** Whether the other side ended or broke the connection. */
  readonly over: boolean;
  send(text: string): void;
  /** Resolves with all that was received when it matches; never when it cannot any more. */
  receives(pattern: RegExp): Promise<string>;
  /** Resolves with all that was received when the other side has ended the connection. */
  ends(): Promise<string>;
}

const wireOf = (socket: Socket): Wire => {
  onTestFinished(() => {
    socket.destroy();
  });
  let received = "";
  let over = false;
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  const end = () => {
    over = true;
  };
  // The test reads what came before.
  socket.on("error", end).on("end", end).on("close", end);
  return {
    socket,
    get received() {
      return received;
    },
    get over() {
      return over;
    },
    send: (text) => void socket.write(text, "latin1"),
    async receives(pattern) {
      await until(`${pattern} is received`, () => pattern.test(received) || over);
      if (!pattern.test(received)) throw new Error(`${pattern} never came, but ${JSON.stringify(received)}`);
      return received;
    },
    async ends() {
      await until("the other side has ended", () => over);
      return received;
    },
  };
};

export const openWire = (port: number, host = "127.0.0.1"): Wire =>
  wireOf(connect({ port, host, allowHalfOpen: true }));

/** Listens on a free port until the test ends. */
export const listen = async (server: Server, host = "127.0.0.1"): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};

/** A server whose connections the test itself answers. */
export interface RawServer {
  port: number;
  /** The connection number `index`, from 0, as soon as it is here. */
  connection(index: number): Promise<Wire>;
  /** Connections that came so far. */
  readonly count: number;
}

export const startRawServer = async (
  create: (onConnection: (socket: Socket) => void) => Server = (onConnection) =>
    createServer({ allowHalfOpen: true }, onConnection),
  host?: string,
): Promise<RawServer> => {
  const wires: Wire[] = [];
  const port = await listen(
    create((socket) => wires.push(wireOf(socket))),
    host,
  );
  return {
    port,
    async connection(index) {
      await until(`connection ${index} is open`, () => wires.length > index);
      const wire = wires[index];
      if (!wire) throw new Error(`no connection ${index}`);
      return wire;
    },
    get count() {
      return wires.length;
    },
  };
};

/** Sends a text in pieces that end at these places, one a turn of the event loop. */
export const sendCut = async (wire: Wire, text: string, cuts: readonly number[]): Promise<void> => {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, text.length);
    if (to > from) wire.send(text.slice(from, to));
    from = Math.max(from, to);
    await nextTurn();
  }
  if (from < text.length) wire.send(text.slice(from));
};
