import { type Environment, readSourceUrl } from "@muxi/formation";
import { createBucketSource } from "./bucket-source.ts";
import { createGitSource } from "./git-source.ts";
import { type ConfiguredSource, createHttpSource } from "./http-source.ts";
import type { RequesterDeps } from "./request.ts";
import { type SourceElsewhere, SourceError } from "./source.ts";

/**
 * Opens the place that the documents of a source are fetched from.
 *
 * @param folder For the repository of this source of one agent, kept while this process runs.
 * @throws SourceError
 */
export const openSource = (
  source: ConfiguredSource,
  deps: Pick<RequesterDeps, "policy" | "proxy" | "now"> & { env: Environment },
  folder: string,
): SourceElsewhere => {
  const url = readSourceUrl(source.url);
  if ("message" in url) throw new SourceError(`the address ${url.message}`);
  if (url.kind === "web") return createHttpSource(source, url, deps);
  if (url.kind === "git") return createGitSource(source, url, deps.policy, folder);
  return createBucketSource(source, { ...url, kind: url.kind }, deps);
};
