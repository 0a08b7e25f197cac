import { createHttpClient } from "@muxi/http";
import { Pool } from "undici";
import { type Comparison, cpuOf, type Part } from "./part.ts";
import { chatBody, openStage } from "./stage.ts";

const atOnce = 16;
const requests = 1_000;
const headers = { "content-type": "application/json", accept: "text/event-stream" };

/** Sends one request and reads its answer; gives the bytes of the body. */
type Send = (body: string) => Promise<number>;

const sendAll = (send: Send, body: string) =>
  cpuOf(async () => {
    let left = requests;
    const work = async () => {
      while (left-- > 0) if ((await send(body)) === 0) throw new Error("the answer is empty");
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return requests;
  });

const ourClient = (port: number) => {
  const http = createHttpClient();
  const url = new URL(`http://127.0.0.1:${port}/v1/chat/completions`);
  const send: Send = (body) =>
    new Promise((resolve, reject) => {
      let bytes = 0;
      http.send(
        { method: "POST", url, headers, body },
        {
          head: () => undefined,
          data: (chunk) => {
            bytes += chunk.length;
          },
          end: () => resolve(bytes),
          failed: reject,
        },
      );
    });
  return { send, close: async () => http.close() };
};

/** Its lowest level, without streams or promises: the quickest that it has. */
const undici = (port: number) => {
  const pool = new Pool(`http://127.0.0.1:${port}`, { headersTimeout: 0, bodyTimeout: 0 });
  const send: Send = (body) =>
    new Promise((resolve, reject) => {
      let bytes = 0;
      pool.dispatch(
        { method: "POST", path: "/v1/chat/completions", headers, body },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData(_controller, chunk) {
            bytes += chunk.length;
          },
          onResponseEnd: () => resolve(bytes),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  return { send, close: () => pool.close() };
};

/** Requests to a model, as the runtime sends them. */
export const client: Part = {
  name: "client",
  page: "http-front.md",
  async open() {
    const stage = await openStage();
    const ours = ourClient(stage.modelPort);
    const theirs = undici(stage.modelPort);
    const comparison = (label: string, stream: boolean, tokens: number): Comparison => {
      const body = JSON.stringify(chatBody(stream));
      const sampled = (send: Send) => {
        const sample = sendAll(send, body);
        return async () => {
          await stage.tokens(tokens);
          return sample();
        };
      };
      return {
        label,
        unit: "µs per request",
        contenders: [
          { name: "ours", sample: sampled(ours.send) },
          { name: "undici", sample: sampled(theirs.send) },
        ],
      };
    };
    return {
      comparisons: [
        comparison("asked: an answer in JSON", false, 10),
        comparison("asked: a stream of 10 events", true, 10),
        comparison("asked: a stream of 200 events", true, 200),
      ],
      async close() {
        await ours.close();
        await theirs.close();
        await stage.close();
      },
    };
  },
};
