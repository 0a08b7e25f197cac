import { onTestFinished } from "vitest";
import { until } from "../../../test/until.ts";
import { createHttpClient, type HttpClient, type PendingRequest, type ProxyChoice } from "../src/index.ts";

/** A client that is closed with the test. */
export const openClient = (proxy?: ProxyChoice): HttpClient => {
  const client = createHttpClient({ proxy });
  onTestFinished(() => client.close());
  return client;
};

/** A response as far as it has arrived. */
export interface Reading {
  readonly pending: PendingRequest;
  readonly status: number | undefined;
  readonly headers: [name: string, value: string][];
  /** In Latin-1. */
  readonly text: string;
  /** What the reader was told, in its order; all reads of a body as one. */
  readonly told: string[];
  readonly error: Error | undefined;
  /** Resolves when the reader was told of the end. */
  over(): Promise<this>;
}

interface Ask {
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  /** Called with each read, within the call of the reader. */
  onData?: (pending: PendingRequest) => void;
  onHead?: (pending: PendingRequest) => void;
}

export const ask = (client: HttpClient, url: string, options: Ask = {}): Reading => {
  const { body = "question", headers = {}, onData, onHead } = options;
  let status: number | undefined;
  let error: Error | undefined;
  let text = "";
  const responseHeaders: [string, string][] = [];
  const told: string[] = [];
  const pending = client.send(
    { method: "POST", url: new URL(url), headers, body },
    {
      head(response) {
        told.push("head");
        ({ status } = response);
        responseHeaders.push(...response.headers);
        onHead?.(pending);
      },
      data(bytes) {
        if (told.at(-1) !== "data") told.push("data");
        text += bytes.toString("latin1");
        onData?.(pending);
      },
      end: () => told.push("end"),
      failed(reason) {
        told.push("failed");
        error = reason;
      },
    },
  );
  return {
    pending,
    headers: responseHeaders,
    told,
    get status() {
      return status;
    },
    get text() {
      return text;
    },
    get error() {
      return error;
    },
    async over() {
      await until("the response has ended", () => told.includes("end") || told.includes("failed"));
      return this;
    },
  };
};
