import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FormationClient, ServerError } from "muxi-client";
import { expect, onTestFinished, test } from "vitest";
import { startModelServer } from "../packages/runtime/test/model-server.ts";
import { bundle, call, deployBundle, expectStatus, manifestOf } from "../packages/server/test/bundles.ts";
import {
  type CrashServer,
  createGround,
  type Ground,
  startCrashServer,
} from "../packages/server/test/crash-server.ts";
import { freePort } from "./ports.ts";

const id = "my-bot";
const clientKey = "fmc_0123456789abcdef";
const pieces = ["One ", "two ", "three ", "four."];
const whole = pieces.join("");

interface Place {
  ground: Ground;
  server: CrashServer;
  formation: FormationClient;
  /** Lets the model go on. */
  goOn(): void;
}

/** Starts the built server; at the end of the test it stops, and its formation with it. */
const start = async (ground: Ground): Promise<CrashServer> => {
  const server = await startCrashServer(ground);
  onTestFinished(async () => {
    server.child.kill("SIGTERM");
    await server.ended;
  });
  return server;
};

/** A built server with a formation whose model stops in the middle of its answer until it may go on. */
const openPlace = async (): Promise<Place> => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  let goOn = () => {};
  const until = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  // The first event has no text.
  models.defaultReply = { text: pieces, pause: { after: 3, until } };
  const ground = await createGround();
  ground.env.MUXI_SERVER_PORT = String(await freePort());
  const server = await start(ground);
  const manifest = manifestOf(id, "1.0.0").replace(
    "- text: builtin/extractive",
    `- { text: openai/test-model, api_key: sk-test, settings: { base_url: "${models.url}/v1" } }`,
  );
  expectStatus(await deployBundle(server.url, await bundle({ manifest })), 201);
  const formation = new FormationClient({
    serverUrl: server.url,
    formationId: id,
    clientKey,
    userId: "ann",
  });
  return { ground, server, formation, goOn };
};

/** Reads a chat up to the point where the model waits. */
const readHalf = async (formation: FormationClient) => {
  const stream = formation.chatStream({ message: "Count" });
  let text = "";
  while (text !== "One two ") {
    const { done, value } = await stream.next();
    if (done) throw new Error(`the stream ended after "${text}"`);
    if (value.type === "text") text += value.text;
  }
  return stream;
};

test("a formation is killed in mid-answer and started again by its server: the stream throws the reason", async () => {
  const { server, formation } = await openPlace();
  const stream = await readHalf(formation);
  const { pid } = (await call(server.url, "GET", `/rpc/formations/${id}`)).body.data;
  process.kill(pid, "SIGKILL");
  const thrown: unknown = await stream.final().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ServerError);
  expect(thrown).toMatchObject({
    code: "SERVICE_UNAVAILABLE",
    message: "The formation was interrupted while it answered: send the message again",
    requestId: stream.requestId,
  });
  expect(await formation.getRequest({ requestId: stream.requestId })).toMatchObject({ status: "failed" });
});

test("the server is killed in mid-answer and started again: the stream goes on to the whole answer", async () => {
  const { ground, server, formation, goOn } = await openPlace();
  const stream = await readHalf(formation);
  server.child.kill("SIGKILL");
  await server.ended;
  goOn();
  await start(ground);
  expect(await stream.final()).toMatchObject({ text: whole, finish_reason: "stop" });
});

test("another process goes on with an answer from a cursor", async () => {
  const { server, formation, goOn } = await openPlace();
  const stream = await readHalf(formation);
  const cursor = await stream.detach();
  const options = { serverUrl: server.url, formationId: id, clientKey, userId: "ann" };
  const code = `
    import { FormationClient } from "muxi-client";
    const formation = new FormationClient(${JSON.stringify(options)});
    for await (const text of formation.resumeChat(${JSON.stringify(cursor)}).textStream()) process.stdout.write(text);`;
  const args = ["--conditions=muxi-source", "--input-type=module", "--no-warnings", "--eval", code];
  goOn();
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  expect(stdout).toBe("three four.");
});
