import type { ArtifactList, ArtifactSummary, ArtifactVersions } from "@muxi/protocol/types";
import { type CallOptions, fillPath, type Result } from "../../http/index.ts";
import { access, asyncMethod, endpoint, type ForUser, responseOf } from "../index.ts";

/** Files that agents have made for a user (docs/spec/formation-api.md "Calls of other servers"). */
export interface ArtifactMethods {
  /** Lists the user's artifacts, newest first. */
  list(
    args?: ForUser & {
      /** Artifacts to return, 1 to 100. Default 20. */
      limit?: number | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<ArtifactList>>;

  /** Reads what is known about one artifact. */
  get(
    args: ForUser & {
      /** Id of the artifact. */
      artifactId: string;
    },
    options?: CallOptions,
  ): Promise<Result<ArtifactSummary>>;

  /** Downloads an artifact: a response with its content type, the body unread. */
  content(
    args: ForUser & {
      /** Id of the artifact. */
      artifactId: string;
      /** Version to download, counted from 1. Default: the latest. */
      version?: number | undefined;
    },
    options?: CallOptions,
  ): Promise<Response>;

  /** Lists the versions of an artifact. */
  versions(
    args: ForUser & {
      /** Id of the artifact. */
      artifactId: string;
    },
    options?: CallOptions,
  ): Promise<Result<ArtifactVersions>>;
}

export const createArtifacts = (): ArtifactMethods => ({
  list: endpoint("getArtifacts", "GET", "/artifacts", access.user, { limit: true }),
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
