import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below what systems give to connections, any of which may take a port that was free a moment ago. */
const lowest = 20_000;
const highest = 32_000;

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
};

/** A port on which nobody listens, and which no connection takes by chance. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
};

/** A range of formation ports of its own: servers of other tests look for free ports at the same time. */
export const portRange = async () => {
  const first = await freePort();
  return { MUXI_PORT_START: String(first), MUXI_PORT_END: String(first + 50) };
};
