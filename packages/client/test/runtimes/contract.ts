/**
 * What must hold in every runtime, on web standards alone: no test runner, nothing of Node. It is bundled with the
 * package into one file, and each runtime calls `runContract` with the address of `server.ts`.
 */
import { FormationClient, type FormationClientOptions, MuxiError } from "muxi-client";
import { receive, sign, verifySignature } from "muxi-client/webhook";

const check = (holds: boolean, message: string): void => {
  if (!holds) throw new Error(message);
};

const same = (found: unknown, expected: unknown): void => {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  check(left === right, `found ${left} in place of ${right}`);
};

const failureOf = async (work: Promise<unknown>): Promise<MuxiError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof MuxiError) return error;
    throw error;
  }
  throw new Error("it succeeded");
};

type Case = (
  formationAt: (path: string, options?: FormationClientOptions) => FormationClient,
) => Promise<void>;

const cases: Record<string, Case> = {
  "a chat streams, event by event and over split characters": async (formationAt) => {
    const stream = formationAt("/chat").chatStream({ message: "Hi" }, { userId: "u" });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    same(types, ["progress", "text", "text", "done"]);
    same((await stream.final()).text, "grüße 世界");
  },

  "a cut stream goes on by itself": async (formationAt) => {
    // The session is named because some runtimes drop what came just before a cut, and with it the server's word on it.
    const stream = formationAt("/cut").chatStream({ message: "Hi", session_id: "sess_1" }, { userId: "u" });
    same(await stream.text(), "Hello world");
    same(stream.cursor, { sessionId: "sess_1", requestId: stream.requestId, after: 4 });
  },

  "another client goes on from a cursor": async (formationAt) => {
    const formation = formationAt("/cut");
    const cursor = { sessionId: "sess_1", requestId: "req_1", after: 2 };
    same(await formation.resumeChat(cursor, { userId: "u" }).text(), "world");
  },

  "leaving the loop stops the answer": async (formationAt) => {
    const formation = formationAt("/endless");
    const stream = formation.chatStream({ message: "Hi" }, { userId: "u" });
    for await (const event of stream) if (event.type === "text") break;
    const stopped = await formation.request({ path: "/stopped", key: "none" });
    same(await stopped.json(), [stream.requestId]);
  },

  "a silent stream fails": async (formationAt) => {
    const stream = formationAt("/silent").chatStream({ message: "Hi" }, { userId: "u", idleTimeout: 100 });
    const error = await failureOf(stream.final());
    same([error.name, error.code], ["StreamIdleError", "STREAM_IDLE"]);
  },

  "an abort ends a call with its reason": async (formationAt) => {
    const controller = new AbortController();
    const work = formationAt("/silent").chatStream(
      { message: "Hi" },
      { userId: "u", signal: controller.signal },
    );
    const failure = failureOf(work.final());
    controller.abort("enough");
    const error = await failure;
    same([error.name, error.cause], ["AbortedError", "enough"]);
  },

  "errors carry code, status and request id": async (formationAt) => {
    const error = await failureOf(formationAt("/missing").getAgent({ agentId: "a" }));
    same(
      [error.name, error.code, error.statusCode, error.requestId],
      ["NotFoundError", "AGENT_NOT_FOUND", 404, "req_server"],
    );
  },

  "an error after the headers is of the same classes": async (formationAt) => {
    const error = await failureOf(
      formationAt("/failing").chatStream({ message: "Hi" }, { userId: "u" }).final(),
    );
    same([error.name, error.code], ["RateLimitError", "RATE_LIMITED"]);
  },

  "a call is repeated under the same key": async (formationAt) => {
    const result = await formationAt("/flaky", { maxRetries: 2 }).chat({ message: "Hi" }, { userId: "u" });
    const keys = JSON.parse(result.message.content);
    same([keys.length, new Set(keys).size], [3, 1]);
  },

  "nobody there is a ConnectionError": async () => {
    const nowhere = new FormationClient({ url: "http://127.0.0.1:1", clientKey: "key" });
    same((await failureOf(nowhere.health())).name, "ConnectionError");
  },

  "webhooks are signed, verified and received": async () => {
    const body = JSON.stringify({
      id: "req_1",
      status: "completed",
      response: [{ type: "text", text: "ü" }],
    });
    const signature = await sign(body, "secret");
    check(await verifySignature(body, signature, "secret"), "the right signature was refused");
    check(!(await verifySignature(`${body} `, signature, "secret")), "a changed body was accepted");
    const headers = { "x-muxi-signature": signature };
    const request = new Request("http://localhost/hook", { method: "POST", body, headers });
    same((await receive(request, { secret: "secret" })).content[0]?.text, "ü");
  },
};

/** A case that failed. */
export interface Failure {
  name: string;
  reason: string;
}

export interface Outcome {
  passed: number;
  failures: Failure[];
}

/** Runs every case against the server at `url`. */
export const runContract = async (url: string): Promise<Outcome> => {
  const failures: Failure[] = [];
  const formationAt = (path: string, options: FormationClientOptions = {}) =>
    new FormationClient({ url: url + path, clientKey: "key", adminKey: "key", ...options });
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run(formationAt);
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      failures.push({ name, reason });
    }
  }
  return { passed: Object.keys(cases).length - failures.length, failures };
};
