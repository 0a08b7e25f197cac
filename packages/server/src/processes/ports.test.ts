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

it("gives an owner the same port until it is released", async () => {
  const port = await hold(0, "127.0.0.1");
  const pool = createPortPool({ first: port, end: Math.min(port + 50, 65535) });
  const first = await pool.acquire("one");
  expect(first).toBeGreaterThan(port);
  expect(await pool.acquire("one")).toBe(first);
  expect(await pool.acquire("two")).toBeGreaterThan(first);
  pool.release("one");
  expect(await pool.acquire("three")).toBe(first);
  expect(pool.counts().allocated).toBe(2);
});

it("never gives one port to two that ask at once", async () => {
  const port = await hold(0, "127.0.0.1");
  const pool = createPortPool({ first: port, end: Math.min(port + 50, 65535) });
  const ports = await Promise.all(["a", "b", "c", "d"].map((owner) => pool.acquire(owner)));
  expect(new Set(ports).size).toBe(4);
});

it("skips a port that another program holds, and says when none is left", async () => {
  const port = await hold(0, "127.0.0.1");
  const pool = createPortPool({ first: port, end: port + 1 });
  await expect(pool.acquire("one")).rejects.toThrow(PortsExhaustedError);
  expect(pool.counts()).toEqual({ total: 1, available: 1, allocated: 0 });
});
