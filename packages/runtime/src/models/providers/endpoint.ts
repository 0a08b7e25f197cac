import type { ModelConfig } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";

/** Paths of calls that people append to the root of the API, as their provider's pages show them. */
const callPath = /\/(?:chat\/completions|completions|messages|embeddings|rerank|audio\/transcriptions)$/;

/**
 * The URL of a call below the root of an API. The root's query is kept, such as the version that Azure requires.
 *
 * @param path May have a query of its own.
 * @throws ApiError `INVALID_PARAMETER` when the formation's root is not an HTTP URL
 */
export const endpoint = (config: ModelConfig, baseUrl: string | undefined, path: string): URL => {
  const root = URL.parse(baseUrl ?? "");
  if (root === null || !/^https?:$/.test(root.protocol)) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `The base_url of ${config.id} is not an http(s) address, such as http://127.0.0.1:11434/v1`,
    );
  }
  const folder = root.pathname.replace(/\/+$/, "").replace(callPath, "");
  const [below, query] = path.split("?");
  const url = new URL(`${folder}/${below}`, root);
  url.search = [root.search.slice(1), query].filter(Boolean).join("&");
  return url;
};
