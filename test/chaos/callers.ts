import { FormationClient, MuxiError, ServerError } from "muxi-client";
import { keys } from "../../packages/runtime/test/harness.ts";
import { until } from "../until.ts";

/** What callers were told is there. */
export interface Kept {
  /** Whole answers, by their message. */
  answers: Map<string, string>;
  /** Requests of the background that were accepted, each with a webhook. */
  accepted: Set<string>;
  /** Answers that were refused, or ended with a reason. */
  refused: string[];
  /** What nobody may meet: streams that ended without a reason, or answers that are not right. */
  broken: string[];
}

export interface Callers {
  kept: Kept;
  /** Waits until so many more things were answered or accepted after something has happened. */
  progress(count: number, what: string): Promise<void>;
  /** Lets everybody finish what they are at. */
  stop(): Promise<void>;
  /** Makes everybody leave. */
  leave(): void;
}

const patience = 120_000;
const options = { maxRetries: 8, resumeTimeout: patience, timeout: patience };

/** Whether a call was refused by the formation or by nginx, or an answer ended with the reason of the formation. */
const hasReason = (error: unknown, hasBegun: boolean): boolean => {
  if (!(error instanceof MuxiError)) return false;
  const isSaid = error instanceof ServerError && error.code === "SERVICE_UNAVAILABLE";
  return isSaid || (!hasBegun && error.retryable);
};

/** Callers with the SDK, some in streams, some for whole answers and some for the background, until they are stopped. */
export const startCallers = (url: string, webhook: string): Callers => {
  const client = new FormationClient({ url, clientKey: keys.clientKey, ...options });
  const kept: Kept = { answers: new Map(), accepted: new Set(), refused: [], broken: [] };
  const done = () => kept.answers.size + kept.accepted.size;
  const leaving = new AbortController();
  const { signal } = leaving;
  let isOver = false;
  let failed: unknown;

  const judge = (message: string, text: string) => {
    if (text === `You said: ${message}`) kept.answers.set(message, text);
    else kept.broken.push(`${message} was answered ${JSON.stringify(text)}`);
  };
  const blame = (message: string, error: unknown, hasBegun: boolean) => {
    if (hasReason(error, hasBegun)) kept.refused.push(message);
    else kept.broken.push(`${message}: ${error}`);
  };

  const stream = async (name: string, number: number) => {
    const message = `Say ${name} ${number}`;
    const chat = client.chatStream({ message, session_id: name }, { userId: name, signal, ...options });
    let text = "";
    let hasBegun = false;
    try {
      for await (const event of chat) {
        hasBegun = true;
        if (event.type === "text") text = event.replace ? event.text : text + event.text;
      }
      judge(message, text);
    } catch (error) {
      blame(message, error, hasBegun);
    }
  };

  const whole = async (name: string, number: number) => {
    const message = `Say ${name} ${number}`;
    try {
      const answer = await client.chat({ message, session_id: name }, { userId: name, signal });
      judge(message, String(answer.message.content));
    } catch (error) {
      blame(message, error, false);
    }
  };

  const submit = async (name: string, number: number) => {
    const request_id = `req_${name}_${number}`;
    const payload = {
      message: `Row ${request_id}`,
      request_id,
      session_id: request_id,
      webhook_url: webhook,
    };
    // Whoever was refused asks again, under the same key.
    await until(
      `${request_id} is accepted`,
      async () => {
        try {
          await client.chat(
            { ...payload, mode: "async" },
            { userId: name, signal, idempotencyKey: request_id },
          );
          return true;
        } catch (error) {
          if (hasReason(error, false)) return false;
          throw error;
        }
      },
      patience,
    );
    kept.accepted.add(request_id);
  };

  const keepBusy = async (name: string, call: (name: string, number: number) => Promise<void>) => {
    for (let number = 0; !isOver && failed === undefined; number++) await call(name, number);
  };
  const kinds = { stream, whole, submit };
  const busy = Object.entries(kinds).flatMap(([kind, call]) =>
    Array.from({ length: 4 }, (_, caller) =>
      keepBusy(`${kind}_${caller}`, call).catch((error) => {
        failed ??= error;
      }),
    ),
  );

  return {
    kept,
    async progress(count, what) {
      const before = done();
      await until(
        `${count} more things are done after this: ${what}`,
        () => {
          if (failed !== undefined) throw failed;
          return done() >= before + count;
        },
        patience,
      );
    },
    leave() {
      isOver = true;
      leaving.abort();
    },
    async stop() {
      isOver = true;
      await Promise.all(busy);
      if (failed !== undefined) throw failed;
    },
  };
};
