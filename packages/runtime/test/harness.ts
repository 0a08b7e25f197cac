import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openFormation } from "@muxi/formation";
import type { ErrorCode } from "@muxi/protocol";
import { type Logger, pino } from "pino";
import { expect, onTestFinished } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Runtime, startRuntime } from "../src/index.ts";
import type { Journal } from "../src/tools/index.ts";
import { listedErrors, rowOf } from "./listed-errors.ts";
import { databaseOf, onPostgres } from "./postgres.ts";

export const keys = { clientKey: "fmc_test", adminKey: "fma_test" };

export const manifest = `schema: "1.0.0"
id: orchard
description: Answers questions about an orchard
`;

/** Writes a formation into a temporary folder. */
export const writeFormation = async (files: Record<string, string> = {}): Promise<string> => {
  const dir = await mkdtemp(path.join(tmpdir(), "muxi-runtime-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries({ "formation.afs": manifest, ...files })) {
    const file = path.join(dir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return dir;
};

// biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into an answer
type Anything = any;

export interface Answer {
  status: number;
  headers: Headers;
  body: Anything;
}

export interface Frame {
  id: string | undefined;
  event: string | undefined;
  data: Anything;
}

interface CallOptions {
  user?: string;
  key?: "client" | "admin" | "none";
  /** Text and bytes are sent as they are, everything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const frameOf = (block: string): Frame => {
  const field = (name: string) =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  return { id: field("id"), event: field("event"), data: JSON.parse(field("data") ?? "null") };
};

/** Keeps nothing. */
export const noJournal: Journal = {
  step: (_, work) => work(noJournal),
  given: (place) => ({ place, answer: undefined }),
  has: () => false,
  part: () => noJournal,
};

/** Whole frames of an event stream, as they come; comments are left out. */
export async function* framesOf(response: Response): AsyncGenerator<Frame> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) if (!block.startsWith(":")) yield frameOf(block);
  }
}

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

export const textOf = (frames: readonly Frame[]): string =>
  frames.map(({ data }) => (data.type === "text" ? data.text : "")).join("");

/** Codes beside those of the table: of the connection, and of a database that is away. */
const ofAnyCall: readonly ErrorCode[] = ["HEADERS_TOO_LARGE", "SERVICE_UNAVAILABLE"];

/** Plain HTTP to a running formation. */
export const apiAt = (url: string) => {
  const request = (method: string, route: string, options: CallOptions = {}) => {
    const { user, key = "client", body, headers, signal } = options;
    return fetch(`${url}/v1${route}`, {
      method,
      headers: {
        ...(key === "client" && { "X-Muxi-Client-Key": keys.clientKey }),
        ...(key === "admin" && { "X-Muxi-Admin-Key": keys.adminKey }),
        ...(user !== undefined && { "X-Muxi-User-ID": user }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === "string" || body instanceof Blob ? body : JSON.stringify(body),
      }),
      ...(signal && { signal }),
    });
  };

  /** Also expects that the route table lists the code of an error. */
  const call = async (method: string, route: string, options?: CallOptions): Promise<Answer> => {
    const response = await request(method, route, options);
    const text = await response.text();
    const body = text === "" ? undefined : JSON.parse(text);
    const row = body?.object === "error" ? rowOf(method, route) : undefined;
    if (row) {
      const listed = [...ofAnyCall, ...listedErrors(row)];
      expect(listed, `the error of ${method} ${route}: ${text}`).toContain(body.error.code);
    }
    return { status: response.status, headers: response.headers, body };
  };

  return {
    url,
    request,
    call,
    get: (route: string, options?: CallOptions) => call("GET", route, options),
    /** A chat as one JSON answer. */
    chat: (message: string, { session, ...options }: CallOptions & { session?: string } = {}) =>
      call("POST", "/chat", {
        ...options,
        body: { message, stream: false, ...(session !== undefined && { session_id: session }) },
      }),
    /** A chat as a stream of frames. */
    stream: async (body: Record<string, unknown>, options?: CallOptions) =>
      framesOf(await request("POST", "/chat", { ...options, body })),
  };
};

export type Api = ReturnType<typeof apiAt>;

/** Waits until a request has a status. */
export const untilStatus = (api: Api, id: string, status: string, user = "ann"): Promise<void> =>
  untilExpected(`${id} is ${status}`, async () =>
    expect((await api.get(`/requests/${id}`, { user })).body.data).toMatchObject({ status }),
  );

interface StartOptions {
  env?: Record<string, string>;
  now?: () => number;
  answerTime?: number;
  leaseTime?: number;
  /** Connection string of the Postgres database. Default: one of the folder's own, where the run is on Postgres. */
  database?: string;
  log?: Logger;
}

/** Starts a formation folder on a free port; it is closed when the test ends. */
export const startFormation = async (
  dir: string,
  { env = {}, database, ...options }: StartOptions = {},
): Promise<Api & { runtime: Runtime }> => {
  const formation = await openFormation(dir);
  if (onPostgres)
    formation.manifest.memory.persistent.connection_string = database ?? (await databaseOf(dir));
  const runtime = await startRuntime({
    formation,
    keys,
    host: "127.0.0.1",
    port: 0,
    env,
    log: pino({ level: "silent" }),
    ...options,
  });
  onTestFinished(() => runtime.close(0));
  return { ...apiAt(`http://127.0.0.1:${runtime.port}`), runtime };
};

/** A promise that the test settles. */
export const hold = () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { held, release };
};
