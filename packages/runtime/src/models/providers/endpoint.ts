import type { ModelConfig } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";

/**
 * The address of a call below the root of an API.
 *
 * @throws ApiError `INVALID_PARAMETER` when the root that the formation gives is no HTTP address
 */
export const endpoint = (config: ModelConfig, baseUrl: string | undefined, path: string): URL => {
  const address = `${baseUrl?.replace(/\/+$/, "")}/${path}`;
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `The base_url of ${config.id} is not an http(s) address, such as http://127.0.0.1:11434/v1`,
    );
  }
  return url;
};
