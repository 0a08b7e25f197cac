import type { ArtifactList, ArtifactSummary, ArtifactVersions } from "@muxi/protocol/types";
import { fillPath } from "../../http/arguments.ts";
import type { CallOptions } from "../../http/send.ts";
import type { Result } from "../../http/unwrap.ts";
import { type ForUser, responseOf } from "../caller.ts";
import { access, asyncMethod, endpoint } from "../endpoints.ts";

/** Files that agents have made for a user (docs/spec/formation-api.md "Calls of other servers"). */
export interface ArtifactMethods {
  /** Lists the user's artifacts, newest first. `limit`: 1 to 100, default 20. */
  list(args?: ForUser & { limit?: number | undefined }, options?: CallOptions): Promise<Result<ArtifactList>>;

  /** Reads what is known about one artifact. */
  get(args: ForUser & { artifactId: string }, options?: CallOptions): Promise<Result<ArtifactSummary>>;

  /** Downloads an artifact: a response with its content type, the body unread. `version`: default the latest. */
  content(
    args: ForUser & { artifactId: string; version?: number | undefined },
    options?: CallOptions,
  ): Promise<Response>;

  /** Lists the versions of an artifact. */
  versions(args: ForUser & { artifactId: string }, options?: CallOptions): Promise<Result<ArtifactVersions>>;
}

export const createArtifacts = (): ArtifactMethods => ({
  list: endpoint("getArtifacts", "GET", "/artifacts", access.user, { limit: "limit" }),
  get: endpoint("getArtifact", "GET", "/artifacts/{artifactId}", access.user, {}),
  content: asyncMethod(
    "getArtifactContent",
    "{ artifactId, version, userId }",
    async (caller, { artifactId, version, userId }, options) => {
      const path = fillPath("/artifacts/{artifactId}/content", { artifactId });
      return responseOf(caller, { ...access.user, path, userId, query: { version } }, options);
    },
  ),
  versions: endpoint("getArtifactVersions", "GET", "/artifacts/{artifactId}/versions", access.user, {}),
});
