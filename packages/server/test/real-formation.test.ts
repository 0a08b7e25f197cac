import { type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { BlockList } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundle, deployBundle, expectStatus, formationFolder } from "./bundles.ts";
import { builtRuntime, devRun, startTestServer } from "./helpers.ts";

/** A formation that is deployed, and runs as a draft too. */
const start = async () => {
  const trustedProxies = new BlockList();
  trustedProxies.addAddress("127.0.0.1");
  const server = await startTestServer({ runtime: builtRuntime, config: { trustedProxies } });
  expectStatus(await deployBundle(server.url, await bundle()), 201);
  expect((await devRun(server, join(await formationFolder(), "my-bot"))).status).toBe(200);
  const call = async (path: string, headers: OutgoingHttpHeaders, body?: Uint8Array) => {
    const sent = request({
      ...{ port: server.port, path, method: body ? "POST" : "GET", agent: false },
      headers: {
        ...{ "x-muxi-client-key": "fmc_0123456789abcdef", "x-muxi-user-id": "ann" },
        ...(body && { "content-type": "application/json", "content-length": body.length }),
        ...headers,
      },
    });
    sent.end(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve).once("error", reject);
    });
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
  };
  return { ...server, call };
};

const prefixes = ["/api/my-bot", "/draft/my-bot"];

it("names in /openapi.json the address by which it was reached, behind each prefix and a proxy in front", async () => {
  const { port, call } = await start();
  const serversOf = async (path: string, headers: OutgoingHttpHeaders) =>
    JSON.parse((await call(`${path}/openapi.json`, headers)).body.toString()).servers;
  for (const prefix of prefixes) {
    expect(await serversOf(prefix, {})).toEqual([{ url: `http://localhost:${port}${prefix}` }]);
    const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "apples.example" };
    expect(await serversOf(prefix, forwarded)).toEqual([{ url: `https://apples.example${prefix}` }]);
  }
});

/** The proxy reads most requests plainly, and leaves those with `TE` to Node's server. */
it.each([
  ["read plainly", {}],
  ["read by Node's server", { te: "trailers" }],
])("passes compressed bodies on, both ways, of requests that are %s", async (_, mark) => {
  const { call } = await start();
  const memory = JSON.stringify({ content: "It rains. ".repeat(300) });
  for (const prefix of prefixes) {
    const told = await call(
      `${prefix}/v1/memories`,
      { ...mark, "content-encoding": "gzip" },
      gzipSync(memory),
    );
    expect(told.status).toBe(200);
    const plain = await call(`${prefix}/v1/memories`, mark);
    expect(plain.headers).not.toHaveProperty("content-encoding");
    const packed = await call(`${prefix}/v1/memories`, { ...mark, "accept-encoding": "gzip" });
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
    expect(packed.body.length).toBeLessThan(plain.body.length);
    expect(JSON.parse(gunzipSync(packed.body).toString()).data).toEqual(
      JSON.parse(plain.body.toString()).data,
    );
    const refused = await call(
      `${prefix}/v1/memories`,
      { ...mark, "content-encoding": "br" },
      gzipSync(memory),
    );
    expect(refused.status).toBe(415);
    const question = Buffer.from(JSON.stringify({ message: "Hello" }));
    const stream = await call(`${prefix}/v1/chat`, { ...mark, "accept-encoding": "gzip" }, question);
    expect(stream.headers).not.toHaveProperty("content-encoding");
    expect(stream.body.toString()).toContain("event: done");
  }
});
