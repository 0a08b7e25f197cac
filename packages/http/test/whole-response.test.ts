import { expect, it } from "vitest";
import { startRawServer } from "../../../test/wire.ts";
import { sendWhole } from "../src/index.ts";
import { openClient } from "./read-response.ts";

const head = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n";

const start = async () => {
  const server = await startRawServer();
  const http = openClient();
  const controller = new AbortController();
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  const response = sendWhole(
    http,
    { method: "POST", url, headers: {}, body: "question" },
    { limit: 10, signal: controller.signal },
  );
  // Asserted on later: until then nobody else handles it.
  response.catch(() => undefined);
  const wire = await server.connection(0);
  await wire.receives(/question$/);
  return { wire, response, controller };
};

it("collects a response", async () => {
  const { wire, response } = await start();
  wire.send(`${head}an`);
  wire.send("swered");
  expect(await response).toMatchObject({
    head: { status: 200 },
    body: Buffer.from("answered"),
    failure: undefined,
  });
});

it("gives the head of a body that is too long, lost or given up, and says which it was", async () => {
  const long = await start();
  long.wire.send("HTTP/1.1 201 Created\r\ncontent-length: 11\r\n\r\nfar too long");
  expect(await long.response).toMatchObject({
    head: { status: 201 },
    failure: { name: "BodyTooLongError" },
  });

  const lost = await start();
  lost.wire.send(`${head}half`);
  lost.wire.socket.end();
  expect(await lost.response).toMatchObject({ head: { status: 200 }, body: Buffer.from("half") });
  expect((await lost.response).failure).toBeInstanceOf(Error);
});

it("fails without a head", async () => {
  const lost = await start();
  lost.wire.socket.end();
  await expect(lost.response).rejects.toThrow("closed the connection");

  const aborted = await start();
  aborted.controller.abort(new Error("given up"));
  await expect(aborted.response).rejects.toThrow("given up");
});
