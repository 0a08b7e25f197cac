import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { type Api, apiAt, keys, manifest, onPostgres, until, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

const main = fileURLToPath(import.meta.resolve("../bin/muxi-runtime.js"));

/** Runs the built runtime; many of them share what the folder names. */
interface Started {
  child: ChildProcess;
  api: Api;
}

const start = async (folder: string): Promise<Started> => {
  const child = spawn(process.execPath, [main, folder], {
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0" },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [message] = await once(child, "message");
  return { child, api: apiAt(`http://127.0.0.1:${message.port}`) };
};

/** A formation whose processes share one schema of the Postgres that the tests run on. */
const sharedFormation = async (modelUrl: string): Promise<string> => {
  const url = new URL(process.env.MUXI_TEST_POSTGRES ?? "");
  const schema = `many_${process.hrtime.bigint()}`;
  const client = new pg.Client(url.href);
  await client.connect();
  await client.query(`create schema ${schema}`);
  await client.end();
  url.searchParams.set("options", `-csearch_path=${schema}`);
  return writeFormation({
    "formation.afs": `${manifest}
server: { api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }
llm:
  settings: { base_url: "${modelUrl}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
memory: { persistent: { extraction: false, connection_string: "${url.href}" } }
`,
  });
};

test.skipIf(!onPostgres)(
  "of many processes on one Postgres some are killed, and each request is answered once",
  {
    timeout: 120_000,
  },
  async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const receiver = await startReceiver();
    const dir = await sharedFormation(models.url);
    const processes: [Started, Started, Started] = await Promise.all([start(dir), start(dir), start(dir)]);
    const accepted: string[] = [];
    const total = 300;
    for (let number = 0; number < total; number++) {
      // Two processes are killed while they are at work, and others take their place.
      const index = number % processes.length;
      if (number === 90 || number === 200) {
        processes[index]?.child.kill("SIGKILL");
        processes[index] = await start(dir);
      }
      const body = {
        message: `Number ${number}`,
        session_id: `s${number}`,
        mode: "async",
        webhook_url: receiver.url,
      };
      const answer = await processes[index]?.api.call("POST", "/chat", { user: `u${number % 7}`, body });
      expect(answer?.status).toBe(202);
      accepted.push(answer?.body.data.request_id);
    }
    const delivered = () => new Set(receiver.received.map(({ body }) => JSON.parse(body).id));
    await until(() => delivered().size === total);
    expect([...delivered()].sort()).toEqual([...accepted].sort());
    const [{ api: witness }] = processes;
    for (const number of [0, 89, 90, 199, 200, 299]) {
      const { body } = await witness.get(`/sessions/s${number}/messages`, {
        user: `u${number % 7}`,
      });
      expect(body.data.messages.map(({ role }: { role: string }) => role)).toEqual(["user", "assistant"]);
    }
  },
);
