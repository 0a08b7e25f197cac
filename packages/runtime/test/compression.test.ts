import { type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { manifest, startFormation, writeFormation } from "./harness.ts";

const start = async () => {
  const api = await startFormation(
    await writeFormation({
      "formation.afs": `${manifest}input_limits: { max_message_length: 1000, max_file_size_bytes: 1000 }\n`,
    }),
  );
  const call = async (path: string, headers: OutgoingHttpHeaders, body?: Uint8Array) => {
    const sent = request({
      ...{ port: api.runtime.port, path, method: body ? "POST" : "GET", agent: false },
      headers: {
        ...{ "x-muxi-client-key": "fmc_test", "content-type": "application/json", ...headers },
        ...(body && { "content-length": body.length }),
      },
    });
    sent.end(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve).once("error", reject);
    });
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
  };
  return { call };
};

const chat = (message: string) => Buffer.from(JSON.stringify({ message, stream: false }));

/** `TE` says nothing to anybody here, but is not for a plain reader. */
describe.each([
  ["read plainly", {}],
  ["read by Node's server", { te: "trailers" }],
])("requests that are %s", (_, mark) => {
  test("a gzip body is read, within the limit of what comes out of it; another coding is refused", async () => {
    const { call } = await start();
    const post = async (coding: string, body: Uint8Array) => {
      const { status, body: answer } = await call("/v1/chat", { ...mark, "content-encoding": coding }, body);
      return [status, JSON.parse(answer.toString())];
    };
    const told = expect.objectContaining({ type: "chat.completed" });
    expect(await post("gzip", gzipSync(chat("Hello")))).toEqual([200, told]);
    expect(await post("identity", chat("Hello"))).toEqual([200, told]);
    const error = (code: string) => expect.objectContaining({ error: expect.objectContaining({ code }) });
    expect(await post("br", brotliCompressSync(chat("Hello")))).toEqual([
      415,
      error("UNSUPPORTED_MEDIA_TYPE"),
    ]);
    expect(await post("gzip", chat("Hello"))).toEqual([400, error("INVALID_REQUEST")]);
    const bomb = gzipSync(chat("x".repeat(10_000_000)));
    expect(bomb.length).toBeLessThan(20_000);
    expect(await post("gzip", bomb)).toEqual([413, error("PAYLOAD_TOO_LARGE")]);
  });

  test("a long answer is compressed for who asks for that, a short one and a stream are not", async () => {
    const { call } = await start();
    const get = (path: string, accepted: string) => call(path, { ...mark, "accept-encoding": accepted });
    const plain = await get("/openapi.json", "identity");
    for (const accepted of ["gzip", "br, gzip;q=0.5", "*"]) {
      const { headers, body } = await get("/openapi.json", accepted);
      expect(headers["content-encoding"]).toBe("gzip");
      expect(headers.vary).toBe("accept-encoding");
      expect(gunzipSync(body).equals(plain.body)).toBe(true);
    }
    for (const accepted of ["br", "gzip;q=0, *", "deflate, *;q=0"]) {
      const { headers, body } = await get("/openapi.json", accepted);
      expect(headers).not.toHaveProperty("content-encoding");
      expect(body.equals(plain.body)).toBe(true);
    }
    expect((await get("/v1/health", "gzip")).headers).not.toHaveProperty("content-encoding");
    const told = Buffer.from(JSON.stringify({ content: "It rains. ".repeat(300) }));
    const user = { "x-muxi-user-id": "ann" };
    await call("/v1/memories", { ...mark, ...user }, told);
    const list = await call("/v1/memories", { ...mark, ...user, "accept-encoding": "gzip" });
    expect(list.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(list.body).toString()).data.memories).toHaveLength(1);
    const asked = Buffer.from(JSON.stringify({ message: "Hello", stream: true }));
    const stream = await call("/v1/chat", { ...mark, "accept-encoding": "gzip" }, asked);
    expect(stream.headers).not.toHaveProperty("content-encoding");
    expect(stream.body.toString()).toContain("event: done");
  });
});
