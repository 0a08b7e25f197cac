import { asError } from "@muxi/http";
import type { Logger } from "pino";
import * as z from "zod";
import type { Hint, Hints } from "../database/index.ts";

/** A hint as it comes from another process, which may be of a newer version and know more topics. */
export const hintSchema = z.object({ topic: z.string(), formationId: z.string(), content: z.string() });
export type ReceivedHint = z.infer<typeof hintSchema>;

/** What carries hints from process to process. */
export interface HintCarrier {
  send(hint: Required<Hint>): Promise<unknown>;
  /**
   * Hands on what other processes and this one send, until it is closed.
   *
   * @param missed Called when something may have been missed.
   */
  listen(receive: (hint: ReceivedHint) => void, missed: () => void): void;
  close(): Promise<void>;
}

const keyOf = ({ topic, formationId }: Omit<ReceivedHint, "content">) => `${topic} ${formationId}`;

/** Hints over either carrier: notifications, or rows that are looked for. */
export const createHints = (
  carrier: HintCarrier,
  log: Pick<Logger, "warn">,
): Hints & Pick<HintCarrier, "close"> => {
  const listeners = new Map<string, (content: string) => void>();

  return {
    send({ content = "", ...hint }) {
      carrier
        .send({ ...hint, content })
        .catch((error) =>
          log.warn(
            { reason: asError(error).message, topic: hint.topic },
            "other processes could not be told at once",
          ),
        );
    },
    listen(topic, formationId, listener) {
      const isFirst = listeners.size === 0;
      listeners.set(keyOf({ topic, formationId }), listener);
      if (!isFirst) return;
      const missed = () => {
        for (const each of listeners.values()) each("");
      };
      carrier.listen((hint) => listeners.get(keyOf(hint))?.(hint.content), missed);
    },
    close: carrier.close,
  };
};
