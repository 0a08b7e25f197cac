import type { ModelConfig } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";

/** Paths of calls that people put behind the root of the API, since their provider's pages show them so. */
const callPath = /\/(?:chat\/completions|completions|messages|embeddings|audio\/transcriptions)$/;

/**
 * The address of a call below the root of an API. What stands in the root's query goes along, such as the version that
 * Azure wants.
 *
 * @param path May have a query of its own.
 * @throws ApiError `INVALID_PARAMETER` when the root that the formation gives is no HTTP address
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
