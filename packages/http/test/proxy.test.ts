import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createServer as createSecureServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import { expect, it, onTestFinished } from "vitest";
import { writeCertificate } from "../../../test/certificate.ts";
import { listen } from "../../../test/wire.ts";
import type { ProxyChoice } from "../src/index.ts";
import { ask, openClient } from "./read-response.ts";

/** A proxy that wants a user, answers plain requests itself and leads every tunnel to `port`. */
const startProxy = async (port = 0) => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host}`);
    response.writeHead(request.headers["proxy-authorization"] === "Basic dTpw" ? 200 : 407).end("by proxy");
  });
  server.on("connect", (request, socket) => {
    seen.push(`${request.method} ${request.url}`);
    socket.on("error", () => undefined);
    if (request.headers["proxy-authorization"] !== "Basic dTpw") {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const target = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(target).pipe(socket);
    });
    target.on("error", () => socket.destroy());
    target.on("close", () => socket.destroy());
    socket.on("close", () => target.destroy());
  });
  const proxyPort = await listen(server);
  const choice =
    (authorization: string | undefined): ProxyChoice =>
    () => ({ host: "127.0.0.1", port: proxyPort, secure: false, authorization });
  return { seen, with: choice("Basic dTpw"), without: choice(undefined) };
};

it("asks a proxy for an http address as a whole, on a kept connection", async () => {
  const proxy = await startProxy();
  const client = openClient(proxy.with);
  for (let count = 0; count < 2; count += 1) {
    expect((await ask(client, "http://api.example:81/v1/chat?a=1").over()).text).toBe("by proxy");
  }
  expect((await ask(openClient(proxy.without), "http://api.example/").over()).status).toBe(407);
  expect(proxy.seen).toEqual([
    "POST http://api.example:81/v1/chat?a=1 api.example:81",
    "POST http://api.example:81/v1/chat?a=1 api.example:81",
    "POST http://api.example/ api.example",
  ]);
});

it("speaks TLS with an https host through a tunnel, which is kept", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "muxi-proxy-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeCertificate(folder, "api.example", "DNS:api.example");
  const [cert, key] = await Promise.all(
    ["cert.pem", "key.pem"].map((name) => readFile(path.join(folder, name), "utf8")),
  );
  const usual = getCACertificates("default");
  setDefaultCACertificates([...usual, cert ?? ""]);
  onTestFinished(() => setDefaultCACertificates(usual));
  const answer = "x".repeat(300_000);
  const names: string[] = [];
  const secure = createSecureServer({ cert, key }, (socket) => {
    names.push(String(socket.servername));
    socket.on("error", () => undefined);
    socket.on("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`);
    });
  });
  const proxy = await startProxy(await listen(secure));
  const client = openClient(proxy.with);
  for (let count = 0; count < 2; count += 1) {
    const reading = await ask(client, "https://api.example/v1").over();
    expect(reading.error).toBeUndefined();
    expect(reading.text === answer).toBe(true);
  }
  expect(names).toEqual(["api.example"]);
  expect(proxy.seen).toEqual(["CONNECT api.example:443"]);

  const refused = await ask(openClient(proxy.without), "https://api.example/v1").over();
  expect(refused.error?.message).toMatch(
    /^The proxy 127\.0\.0\.1:\d+ refused the way to api\.example:443 \(407\)$/,
  );
});

it("says that the proxy is not there", async () => {
  const nobody: ProxyChoice = () => ({ host: "127.0.0.1", port: 1, secure: false, authorization: undefined });
  for (const url of ["http://api.example/", "https://api.example/"]) {
    expect((await ask(openClient(nobody), url).over()).error).toMatchObject({ code: "ECONNREFUSED" });
  }
});
