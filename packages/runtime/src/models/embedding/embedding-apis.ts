import { lazy } from "@muxi/protocol";
import * as z from "zod";
import { compatibleProviders } from "../providers/index.ts";
import type { EmbeddedAs } from "./embedding-model.ts";

/** What an API of embeddings asks for, and what it answers. */
export interface EmbeddingApi {
  /** Undefined where an address must be configured. */
  baseUrl: string | undefined;
  /** Path of the call below it. */
  path: string;
  /** Most texts of a call. */
  mostTexts: number;
  body(model: string, texts: readonly string[], as: EmbeddedAs): object;
  /** The vectors in the order of the texts; undefined when there are none. */
  read(answer: unknown): number[][] | undefined;
}

const vector = lazy(() => z.array(z.number()).min(1));

const listSchema = lazy(() =>
  z.object({ data: z.array(z.object({ index: z.int().nonnegative().optional(), embedding: vector() })) }),
);

/** A list of vectors, as OpenAI sends it. Some servers leave the places out, others send them in any order. */
const readList = (answer: unknown): number[][] | undefined => {
  const { data } = listSchema().safeParse(answer);
  return data?.data
    .map((item, place) => ({ place, ...item }))
    .sort((a, b) => (a.index ?? a.place) - (b.index ?? b.place))
    .map(({ embedding }) => embedding);
};

const openAi = {
  path: "embeddings",
  mostTexts: 96,
  body: (model, input) => ({ model, input, encoding_format: "float" }),
  read: readList,
} satisfies Omit<EmbeddingApi, "baseUrl">;

const cohereSchema = lazy(() => z.object({ embeddings: z.object({ float: z.array(vector()) }) }));

/** Providers whose embeddings differ from OpenAI's (docs/spec/formation-files.md "Providers"). */
export const embeddingApis: ReadonlyMap<string, EmbeddingApi> = new Map<string, EmbeddingApi>([
  // Google serves embeddings through OpenAI's API too.
  ["google", { ...openAi, baseUrl: "https://generativelanguage.googleapis.com/v1beta/openai" }],
  [
    "cohere",
    {
      baseUrl: "https://api.cohere.com/v2",
      path: "embed",
      mostTexts: 96,
      body: (model, texts, as) => ({
        ...{ model, texts, embedding_types: ["float"] },
        input_type: as === "question" ? "search_query" : "search_document",
      }),
      read: (answer) => cohereSchema().safeParse(answer).data?.embeddings.float,
    },
  ],
  [
    "voyage",
    {
      ...openAi,
      baseUrl: "https://api.voyageai.com/v1",
      mostTexts: 128,
      // The API refuses `encoding_format` for numbers.
      body: (model, input, as) => ({
        ...{ model, input },
        input_type: as === "question" ? "query" : "document",
      }),
    },
  ],
]);

/** The API of a provider that has one, or of a server that the formation names; undefined for others. */
export const embeddingApiOf = (provider: string, hasAddress: boolean): EmbeddingApi | undefined => {
  const own = embeddingApis.get(provider);
  if (own) return own;
  const baseUrl = Object.hasOwn(compatibleProviders, provider)
    ? compatibleProviders[provider]?.baseUrl
    : undefined;
  return baseUrl !== undefined || hasAddress ? { ...openAi, baseUrl } : undefined;
};
