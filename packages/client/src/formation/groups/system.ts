import type {
  FormationConfig,
  FormationDocument,
  FormationHealth,
  FormationStatus,
} from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint } from "../index.ts";

/** The formation as a whole (docs/spec/formation-api.md "Health and status"). */
export interface SystemMethods {
  /**
   * Tells whether the formation can answer. Needs no key. Throws `ServerError` with the status 503 when it cannot.
   *
   * @example
   * console.log((await formation.health()).status);
   */
  health(options?: CallOptions): Promise<Result<FormationHealth>>;

  /** Shows what the formation is and how busy it is. Needs the admin key. */
  status(options?: CallOptions): Promise<Result<FormationStatus>>;

  /** Gives an overview of the configuration, with the paths of its parts. Needs the admin key. */
  config(options?: CallOptions): Promise<Result<FormationConfig>>;

  /** Reads the manifest as it was written, with its secrets masked. Needs the admin key. */
  formation(options?: CallOptions): Promise<Result<FormationDocument>>;
}

export const createSystem = (): SystemMethods => ({
  health: bareEndpoint("health", "GET", "/health", { key: "none" }),
  status: bareEndpoint("getStatus", "GET", "/status", access.admin),
  config: bareEndpoint("getConfig", "GET", "/config", access.admin),
  formation: bareEndpoint("getFormation", "GET", "/formation", access.admin),
});
