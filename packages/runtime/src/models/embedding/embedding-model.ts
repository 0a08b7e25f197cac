import type { ModelConfig } from "@muxi/formation";
import { ModelError } from "../interface/index.ts";

/** What a text is to be compared with: several models make other vectors of questions than of what answers them. */
export type EmbeddedAs = "passage" | "question";

/** A model that turns texts into vectors: texts of similar meaning get vectors of similar direction. */
export interface EmbeddingModel {
  /** As the formation names it: `provider/name`. */
  readonly id: string;
  /** Most texts of a call. */
  readonly mostTexts: number;
  /**
   * One vector for each text, in their order.
   *
   * @throws ModelError, or the reason of `signal`
   */
  embed(texts: readonly string[], as: EmbeddedAs, signal: AbortSignal): Promise<Float32Array[]>;
}

/** Error for an answer that holds other than one vector for each text. */
export const noVectorsError = ({ provider, id }: ModelConfig): ModelError =>
  new ModelError(
    "LLM_NOT_CONFIGURED",
    `${provider} did not return one vector for each text from ${id}: check that it is an embedding model`,
  );
