import type { Tuning, TuningWritten } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint } from "../index.ts";

/** The tuning document. Needs the admin key (docs/spec/formation-api.md "Calls of other servers"). */
export interface TuningMethods {
  /**
   * Reads the tuning document. Its content is null while there is none.
   *
   * @example
   * const { content } = await formation.getTuning();
   */
  get(options?: CallOptions): Promise<Result<Tuning>>;

  /**
   * Replaces the tuning document. At most 32,768 bytes.
   *
   * @example
   * await formation.setTuning({ content: "Answer in one sentence." });
   */
  set(
    args: {
      /** The whole document; at most 32,768 bytes. */
      content: string;
    },
    options?: CallOptions,
  ): Promise<Result<TuningWritten>>;

  /**
   * Runs one pass of tuning.
   *
   * @example
   * await formation.runTuning();
   */
  run(options?: CallOptions): Promise<Result<object>>;
}

export const createTuning = (): TuningMethods => ({
  get: bareEndpoint("getTuning", "GET", "/tuning", access.admin),
  set: endpoint("setTuning", "POST", "/tuning", access.admin, { content: true }),
  run: bareEndpoint("runTuning", "POST", "/tuning/run", access.admin),
});
