import { onTestFinished } from "vitest";
import { until } from "../../../test/wire.ts";
import { type Call, createHttpClient, type HttpClient } from "../src/index.ts";

/** A client that is closed with the test. */
export const openClient = (): HttpClient => {
  const client = createHttpClient();
  onTestFinished(() => client.close());
  return client;
};

/** An answer as far as it has come. */
export interface Reading {
  readonly call: Call;
  readonly status: number | undefined;
  readonly headers: [name: string, value: string][];
  /** In Latin-1. */
  readonly text: string;
  /** What the reader was told, in its order; the pieces of a body once. */
  readonly told: string[];
  readonly error: Error | undefined;
  /** Resolves when the reader was told of the end. */
  over(): Promise<this>;
}

interface Ask {
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  /** Called with each piece, within the call of the reader. */
  onData?: (call: Call) => void;
  onHead?: (call: Call) => void;
}

export const ask = (client: HttpClient, url: string, options: Ask = {}): Reading => {
  const { body = "question", headers = {}, onData, onHead } = options;
  let status: number | undefined;
  let error: Error | undefined;
  let text = "";
  const answerHeaders: [string, string][] = [];
  const told: string[] = [];
  const call = client.send(
    { method: "POST", url: new URL(url), headers, body },
    {
      head(answer) {
        told.push("head");
        ({ status } = answer);
        answerHeaders.push(...answer.headers);
        onHead?.(call);
      },
      data(bytes) {
        if (told.at(-1) !== "data") told.push("data");
        text += bytes.toString("latin1");
        onData?.(call);
      },
      end: () => told.push("end"),
      failed(reason) {
        told.push("failed");
        error = reason;
      },
    },
  );
  return {
    call,
    headers: answerHeaders,
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
      await until(() => told.includes("end") || told.includes("failed"));
      return this;
    },
  };
};
