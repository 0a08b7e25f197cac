import { Connections } from "@muxi/http";
import { Pool } from "undici";

/** One port of a formation, and the requests that are under way to it. */
interface Backend {
  /** For plain requests. */
  connections: Connections;
  /** For all others; opened for the first. */
  pool: Pool | undefined;
  open: number;
  whenIdle: (() => void)[];
}

const connectTimeoutMs = 5000;

const openPool = (port: number): Pool =>
  new Pool(`http://127.0.0.1:${port}`, {
    connect: { timeout: connectTimeoutMs },
    // A model may think for as long as it likes: a missing answer keeps the connection open (14.4).
    headersTimeout: 0,
    bodyTimeout: 0,
  });

/** The ports to which requests go. */
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
   * @returns what is called when its answer is complete or its client gone.
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

  /** Resolves when no request is under way to a port. */
  idle(port: number): Promise<void> {
    const backend = this.#backends.get(port);
    if (!backend || backend.open === 0) return Promise.resolve();
    return new Promise((resolve) => backend.whenIdle.push(resolve));
  }

  /** The next process on the port gets connections of its own. Those there are end with their last request. */
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
