import { expect, test } from "vitest";
import { sign } from "../../packages/server/src/auth/index.ts";
import { bundle } from "../../packages/server/test/bundles.ts";
import { startTestServer } from "../../packages/server/test/helpers.ts";
import {
  callsOf,
  countMethods,
  type Expected,
  expectedOf,
  headersOf,
  type OldCall,
  type Sdk,
  sdks,
} from "./calls.ts";

const credentials = { key: "muxi_pk_test", secret: "muxi_sk_test", toleranceSeconds: 300 };

const authorization = (method: string, path: string): string => {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = sign(credentials.secret, timestamp, method, path.split("?")[0] ?? "");
  return `MUXI-HMAC key=${credentials.key}, timestamp=${timestamp}, signature=${signature}`;
};

/** The body of a row, with the headers that come with it. */
const bodyOf = async (sdk: Sdk, { body }: OldCall) => {
  const version = /^bundle (.+)$/.exec(body)?.[1];
  if (version === undefined) {
    // Python and TypeScript say so of every call.
    const isJson = body !== "" || sdk === "python" || sdk === "typescript";
    const headers = isJson ? { "Content-Type": "application/json" } : {};
    return { headers, ...(body !== "" && { body }) };
  }
  const named = sdk === "go" ? { "X-Formation-ID": "my-bot", "X-Formation-Version": version } : {};
  return {
    headers: { "Content-Type": "application/gzip", ...named },
    body: new Uint8Array(await bundle({ version })),
  };
};

const answerTo = async (url: string, sdk: Sdk, call: OldCall, { stream }: Expected) => {
  const [method = "", path = ""] = call.request.split(" ");
  const leaving = new AbortController();
  const { headers, body } = await bodyOf(sdk, call);
  const response = await fetch(url + path, {
    method,
    headers: {
      ...headersOf(sdk, { isStream: stream !== undefined || path.endsWith("/stream"), hasBody: false }),
      ...headers,
      Authorization: authorization(method, path),
    },
    signal: leaving.signal,
    ...(body !== undefined && { body }),
  });
  const { status } = response;
  const type = response.headers.get("content-type")?.split(";")[0];
  if (stream === "endless") {
    leaving.abort();
    return { status, type, content: {} };
  }
  const received = await response.text();
  const content =
    type === "application/json" ? JSON.parse(received) : received.trimEnd().split("event: ").at(-1);
  return { status, type, content: content.success && content.data ? content.data : content };
};

const numbersOfMethods = { python: 21, typescript: 21, ruby: 21, go: 14, rust: 16, cpp: 16 };

test.each(sdks)("every method of the client in %s is answered", async (sdk) => {
  const { url } = await startTestServer({ config: { credentials } });
  const calls = callsOf("server.md", sdk);
  expect(countMethods(calls)).toBe(numbersOfMethods[sdk]);
  for (const call of calls) {
    const expected = expectedOf(call.answer);
    const { status, stream, end, text: start } = expected;
    const { type, ...answer } = await answerTo(url, sdk, call, expected);
    expect.soft({ call, type }).toEqual({
      call,
      type: stream ? "text/event-stream" : start === undefined ? "application/json" : expect.any(String),
    });
    const content =
      stream === "stream"
        ? expect.stringMatching(new RegExp(`^${end}\n`))
        : start === undefined
          ? expected.content
          : expect.stringContaining(start);
    expect.soft({ call, ...answer }).toMatchObject({ call, status, content });
  }
});
