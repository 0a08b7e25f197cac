import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createRawServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  createServer,
  getCACertificates,
  setDefaultCACertificates,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { writeCertificate } from "../../../test/certificate.ts";
import { until } from "../../../test/until.ts";
import { listen } from "../../../test/wire.ts";
import { ask, openClient } from "./read-response.ts";

interface Certificate {
  cert: string;
  key: string;
}

let good: Certificate;
let wrongName: Certificate;
let unknown: Certificate;

const makeCertificate = async (alternatives: string): Promise<Certificate> => {
  const folder = await mkdtemp(path.join(tmpdir(), "muxi-http-"));
  try {
    await writeCertificate(folder, "localhost", alternatives);
    const [cert, key] = await Promise.all(
      ["cert.pem", "key.pem"].map((name) => readFile(path.join(folder, name), "utf8")),
    );
    return { cert: cert ?? "", key: key ?? "" };
  } finally {
    await rm(folder, { recursive: true });
  }
};

const usual = getCACertificates("default");

beforeAll(async () => {
  [good, wrongName, unknown] = await Promise.all([
    makeCertificate("DNS:localhost,IP:127.0.0.1"),
    makeCertificate("DNS:elsewhere.example"),
    makeCertificate("DNS:localhost,IP:127.0.0.1"),
  ]);
  setDefaultCACertificates([...usual, good.cert, wrongName.cert]);
});

// A worker may be given the next file.
afterAll(() => setDefaultCACertificates(usual));

interface Seen {
  servername: string;
  protocol: string;
  reused: boolean;
}

const whole = (text: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;

/** A server that answers each request with its number, or with `answer`. */
const startSecure = async (options: TlsOptions, answer?: (socket: TLSSocket) => void) => {
  const seen: Seen[] = [];
  const sockets: TLSSocket[] = [];
  let requests = 0;
  const server = createServer({ ALPNProtocols: ["h2", "http/1.1"], ...options }, (socket) => {
    const { servername, alpnProtocol } = socket;
    sockets.push(socket);
    seen.push({
      servername: servername || "",
      protocol: alpnProtocol || "",
      reused: socket.isSessionReused(),
    });
    socket.on("error", () => undefined); // The client may break it.
    socket.on("data", () => {
      requests += 1;
      if (answer) answer(socket);
      else socket.write(whole(`answer ${requests}`));
    });
  });
  server.on("tlsClientError", () => undefined); // What the client says of it is tested.
  return { port: await listen(server), seen, sockets };
};

it.each(["TLSv1.2", "TLSv1.3"] as const)(
  "asks by %s, on kept connections, and takes up its session on a new one",
  async (maxVersion) => {
    const { port, seen, sockets } = await startSecure({ ...good, maxVersion });
    const client = openClient();
    for (const text of ["answer 1", "answer 2"]) {
      const reading = await ask(client, `https://localhost:${port}`).over();
      expect({ text: reading.text, error: reading.error }).toEqual({ text, error: undefined });
    }
    expect(sockets).toHaveLength(1);
    // Closed between two requests.
    sockets[0]?.end();
    await until("the connection is closed", () => sockets[0]?.destroyed);
    expect((await ask(client, `https://localhost:${port}`).over()).text).toBe("answer 3");
    expect(seen).toMatchObject([
      { servername: "localhost", protocol: "http/1.1", reused: false },
      { protocol: "http/1.1", reused: true },
    ]);
  },
);

it("a request on a kept connection that is broken is sent again", async () => {
  let requests = 0;
  const { port, sockets } = await startSecure(good, (socket) => {
    requests += 1;
    if (requests === 2) socket.destroy();
    else socket.write(whole(`answer ${requests}`));
  });
  const client = openClient();
  await ask(client, `https://localhost:${port}`).over();
  const { text, told } = await ask(client, `https://localhost:${port}`).over();
  expect({ text, told }).toEqual({ text: "answer 3", told: ["head", "data", "end"] });
  expect(sockets).toHaveLength(2);
});

it("an address is asked for no name", async () => {
  const { port, seen } = await startSecure(good);
  expect((await ask(openClient(), `https://127.0.0.1:${port}`).over()).text).toBe("answer 1");
  expect(seen).toMatchObject([{ servername: "" }]);
});

it("a long answer comes whole, to a slow reader too", async () => {
  const long = "0123456789".repeat(1_000_000);
  const { port } = await startSecure(good, (socket) => void socket.write(whole(long)));
  const client = openClient();
  expect((await ask(client, `https://localhost:${port}`).over()).text === long).toBe(true);
  const slow = ask(client, `https://localhost:${port}`, { onData: (pending) => pending.pause() });
  while (!slow.told.includes("end")) {
    slow.pending.resume();
    await nextTurn();
  }
  expect(slow.text === long).toBe(true);
});

it.each(["TLSv1.2", "TLSv1.3"] as const)(
  "a certificate for another name is refused by %s, again and again",
  async (maxVersion) => {
    const { port } = await startSecure({ ...wrongName, maxVersion });
    const client = openClient();
    // What is remembered of the first connection must not open the second.
    for (let time = 0; time < 3; time += 1) {
      const { error, told } = await ask(client, `https://localhost:${port}`).over();
      expect(error).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
      expect(told).toEqual(["failed"]);
    }
  },
);

it("a certificate that nobody knows is refused, and so is a server that speaks another protocol", async () => {
  const { port } = await startSecure(unknown);
  const client = openClient();
  expect((await ask(client, `https://localhost:${port}`).over()).error).toMatchObject({
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });

  const plain = await listen(
    createRawServer((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  );
  expect((await ask(client, `https://127.0.0.1:${plain}`).over()).error).toMatchObject({
    code: expect.stringMatching(/^(EPROTO|ERR_SSL_)/),
  });

  const other = await startSecure({ ...good, ALPNProtocols: ["h2"] });
  expect((await ask(client, `https://localhost:${other.port}`).over()).error).toMatchObject({
    code: expect.stringMatching(/^(EPROTO|ERR_SSL_|ECONNRESET)/),
  });
});

it("a server that never agrees to anything is given up", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  let isAsked = false;
  const port = await listen(
    createRawServer((socket) => {
      socket.on("data", () => {
        isAsked = true;
      });
    }),
  );
  const reading = ask(openClient(), `https://localhost:${port}`);
  await until("the client has begun a handshake", () => isAsked);
  vi.advanceTimersByTime(4_999);
  expect(reading.told).toEqual([]);
  vi.advanceTimersByTime(1);
  const { error } = await reading.over();
  expect(error).toMatchObject({ code: "ETIMEDOUT", message: "No connection within 5000 ms" });
});
