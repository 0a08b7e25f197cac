import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { sign } from "../src/webhook.ts";

const program = fileURLToPath(new URL("webhook-server.ts", import.meta.url));

/** An example as a process of its own, and the lines that it prints. */
const start = async (example: string) => {
  const args = ["--conditions=muxi-source", "--no-warnings", program, example];
  const env = { ...process.env, MUXI_WEBHOOK_SECRET: "secret" };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async () => (await lines.next()).value ?? "";
  const { port } = JSON.parse(await nextLine());
  return { url: `http://127.0.0.1:${port}/webhooks/muxi`, nextLine };
};

test.each(["express", "fastify", "hono", "next"])(
  "the example for %s takes signed deliveries, and only those",
  async (example) => {
    const { url, nextLine } = await start(example);
    // Not as a parser would write it again: the bytes count.
    const body =
      '{ "status": "completed", "id": "req_1",\n "response": [{"type":"text","text":"caf\\u00e9 ✓"}] }';
    const deliver = async (signature: Record<string, string>) => {
      const headers = { "content-type": "application/json", ...signature };
      return (await fetch(url, { method: "POST", body, headers })).status;
    };

    expect(await deliver({})).toBe(400);
    expect(await deliver({ "x-muxi-signature": await sign(body, "another") })).toBe(400);
    expect(await deliver({ "x-muxi-signature": await sign(body, "secret", 1_700_000_000) })).toBe(400);
    expect(await deliver({ "x-muxi-signature": await sign(body, "secret") })).toBe(204);
    // The first line is of the delivery that was good.
    expect(await nextLine()).toBe("req_1 is completed: café ✓");
  },
);
