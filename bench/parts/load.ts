/** A load generator in a process of its own: what it costs is not what is measured. Told by IPC what to send. */
import { Connection, type HttpRequest } from "../load/connection.ts";

export interface Load {
  port: number;
  request: HttpRequest;
  connections: number;
  requests: number;
}

const timeout = 30_000;

const send = async ({ port, request, connections, requests }: Load): Promise<void> => {
  let left = requests;
  const work = async () => {
    const connection = new Connection(port);
    while (left-- > 0) {
      await connection.open();
      const status = await connection.ask(request, timeout);
      if (status !== 200) throw new Error(`the answer has status ${status}`);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, work));
};

process.on("message", (load: Load) => {
  send(load).then(
    () => process.send?.({ done: true }),
    (error: unknown) => process.send?.({ done: false, reason: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
