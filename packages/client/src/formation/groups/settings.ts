import type { ConfigBlock, LoggingDestinations, OverlordPersona } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint } from "../index.ts";

/**
 * What the manifest says, with defaults where it says nothing. Needs the admin key (docs/spec/formation-api.md
 * "Configuration").
 */
export interface SettingMethods {
  /** Reads which models are used, and how. */
  llm(options?: CallOptions): Promise<Result<ConfigBlock>>;

  /** Reads how the overlord answers, plans and asks back. */
  overlord(options?: CallOptions): Promise<Result<ConfigBlock>>;

  /** Reads the voice in which the overlord speaks. */
  persona(options?: CallOptions): Promise<Result<OverlordPersona>>;

  /** Reads the voice in which the overlord speaks, under its newer name. */
  soul(options?: CallOptions): Promise<Result<OverlordPersona>>;

  /** Reads how requests run in the background. */
  async(options?: CallOptions): Promise<Result<ConfigBlock>>;

  /** Reads how the formation talks to other formations. */
  a2a(options?: CallOptions): Promise<Result<ConfigBlock>>;

  /** Reads what is logged, and how. */
  logging(options?: CallOptions): Promise<Result<ConfigBlock>>;

  /** Lists where the log goes. */
  loggingDestinations(options?: CallOptions): Promise<Result<LoggingDestinations>>;
}

export const createSettings = (): SettingMethods => ({
  llm: bareEndpoint("getLlmSettings", "GET", "/llm/settings", access.admin),
  overlord: bareEndpoint("getOverlordConfig", "GET", "/overlord", access.admin),
  persona: bareEndpoint("getOverlordPersona", "GET", "/overlord/persona", access.admin),
  soul: bareEndpoint("getOverlordSoul", "GET", "/overlord/soul", access.admin),
  async: bareEndpoint("getAsyncConfig", "GET", "/async", access.admin),
  a2a: bareEndpoint("getA2aConfig", "GET", "/a2a", access.admin),
  logging: bareEndpoint("getLoggingConfig", "GET", "/logging", access.admin),
  loggingDestinations: bareEndpoint("getLoggingDestinations", "GET", "/logging/destinations", access.admin),
});
