import { once } from "node:events";
import { createServer } from "node:net";

/** A port of the system's choice on which nobody listens. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

/** A range of formation ports of its own: servers of other tests look for free ports at the same time. */
export const portRange = async () => {
  const first = await freePort();
  return { MUXI_PORT_START: String(first), MUXI_PORT_END: String(Math.min(first + 50, 65535)) };
};
