import { Connections } from "@muxi/http";
import { Pool } from "undici";

/** A port of a formation, and its open requests. */
interface Backend {
  /** For plain requests. */
  connections: Connections;
  /** For all others; opened for the first of them. */
  pool: Pool | undefined;
  open: number;
  whenIdle: (() => void)[];
}

const connectTimeoutMs = 5000;

const openPool = (port: number): Pool =>
  new Pool(`http://127.0.0.1:${port}`, {
    connect: { timeout: connectTimeoutMs },
    // A model may take as long as it likes: there is no time limit for responses (docs/spec/server-api.md "Answers
    // through the proxy").
    headersTimeout: 0,
    bodyTimeout: 0,
  });

/** The ports that requests are forwarded to. */
export class Backends {
  readonly #backends = new Map<number, Backend>();

  connections(port: number): Connections {
    return this.#of(port).connections;
  }

  pool(port: number): Pool {
    const backend = this.#of(port);
    backend.pool ??= openPool(port);
    return backend.pool;
  }

  /**
   * Counts a request to a port.
   *
   * @returns To be called when the response is complete or the client has disconnected.
   */
  enter(port: number): () => void {
    const backend = this.#of(port);
    backend.open += 1;
    return () => {
      backend.open -= 1;
      if (backend.open > 0) return;
      for (const idle of backend.whenIdle.splice(0)) idle();
    };
  }

  /** Resolves when a port has no open requests. */
  idle(port: number): Promise<void> {
    const backend = this.#backends.get(port);
    if (!backend || backend.open === 0) return Promise.resolve();
    return new Promise((resolve) => backend.whenIdle.push(resolve));
  }

  /** Forgets a port's connections: the next process on the port gets new ones. Open requests are finished. */
  forget(port: number): void {
    const backend = this.#backends.get(port);
    this.#backends.delete(port);
    backend?.connections.close();
    void backend?.pool?.close();
  }

  async close(): Promise<void> {
    for (const { connections } of this.#backends.values()) connections.close();
    await Promise.all([...this.#backends.values()].map(({ pool }) => pool?.destroy()));
  }

  #of(port: number): Backend {
    let backend = this.#backends.get(port);
    if (!backend) {
      backend = {
        connections: new Connections({ host: "127.0.0.1", port, secure: false }),
        pool: undefined,
        open: 0,
        whenIdle: [],
      };
      this.#backends.set(port, backend);
    }
    return backend;
  }
}
