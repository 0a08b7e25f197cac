import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createPortPool, PortsExhaustedError } from "./ports.ts";

const hold = (port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    onTestFinished(() => new Promise<void>((done) => server.close(() => done())));
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });

it("gives a port away once, until it is released", async () => {
  const port = await hold(0, "127.0.0.1");
  const pool = createPortPool({ first: port, end: Math.min(port + 50, 65535) });
  const first = await pool.acquire();
  expect(first).toBeGreaterThan(port);
  expect(await pool.acquire(first)).toBe(first);
  expect(await pool.acquire()).toBeGreaterThan(first);
  pool.release(first);
  expect(await pool.acquire()).toBe(first);
  expect(pool.counts().allocated).toBe(2);
});

it("never gives one port to two that ask at once", async () => {
  const port = await hold(0, "127.0.0.1");
  const pool = createPortPool({ first: port, end: Math.min(port + 50, 65535) });
  const ports = await Promise.all([1, 2, 3, 4].map(() => pool.acquire()));
  expect(new Set(ports).size).toBe(4);
});

it("keeps a port for one that does not run, and moves on when another program took it", async () => {
  const port = await hold(0, "127.0.0.1");
  const pool = createPortPool({ first: port, end: Math.min(port + 50, 65535) });
  expect(pool.reserve(port)).toBe(true);
  expect(pool.reserve(port)).toBe(false);
  expect(pool.reserve(port - 1)).toBe(false);
  expect(await pool.acquire(port)).toBeGreaterThan(port);
  expect(pool.counts().allocated).toBe(1);
});

it("skips a port that another program holds, and says when none is left", async () => {
  const port = await hold(0, "127.0.0.1");
  const pool = createPortPool({ first: port, end: port + 1 });
  await expect(pool.acquire()).rejects.toThrow(PortsExhaustedError);
  expect(pool.counts()).toEqual({ total: 1, available: 1, allocated: 0 });
});
