import { ConfigurationError } from "../errors/index.ts";
import {
  createTransport,
  environment,
  optionalHeader,
  requireKnown,
  requireUrl,
  segment,
  type Transport,
  type TransportOptions,
  transportOptions,
} from "../http/index.ts";

/** Where the formation is, and the keys for it (docs/spec/formation-api.md "Client configuration"). */
export interface FormationClientOptions extends TransportOptions {
  /** Address of the MUXI server. Needs `formationId`. Default: `MUXI_SERVER_URL`. */
  serverUrl?: string | undefined;
  /** Id of the formation on the server. */
  formationId?: string | undefined;
  /** `"draft"` selects the formation under development. Default `"live"`. */
  mode?: "live" | "draft" | undefined;
  /**
   * Address of the formation itself, without a server in front. Wins over `serverUrl`. Default:
   * `MUXI_FORMATION_URL`.
   */
  url?: string | undefined;
  /** The complete base URL, including `/v1`. Wins over `url` and `serverUrl`. */
  baseUrl?: string | undefined;
  /** Key for what users do. Default: `MUXI_CLIENT_KEY`. */
  clientKey?: string | undefined;
  /** Key for what operators do. Default: `MUXI_ADMIN_KEY`. */
  adminKey?: string | undefined;
  /** The user of calls that do not name one. */
  userId?: string | undefined;
}

const known = [
  "serverUrl",
  "formationId",
  "mode",
  "url",
  "baseUrl",
  "clientKey",
  "adminKey",
  "userId",
  ...transportOptions,
];

const baseUrlOf = (options: FormationClientOptions): string => {
  const { baseUrl, mode = "live", formationId } = options;
  if (mode !== "live" && mode !== "draft") throw new ConfigurationError("mode", 'must be "live" or "draft"');
  if (baseUrl !== undefined) return requireUrl("baseUrl", baseUrl);
  const { serverUrl = environment("MUXI_SERVER_URL") } = options;
  // A server that the options name beats the formation of the environment.
  const { url = options.serverUrl === undefined ? environment("MUXI_FORMATION_URL") : undefined } = options;
  if (url !== undefined) return `${requireUrl("url", url)}/v1`;
  if (serverUrl === undefined) throw new ConfigurationError("url", "is needed, or serverUrl and formationId");
  if (formationId === undefined) throw new ConfigurationError("formationId", "is needed with serverUrl");
  const folder = mode === "draft" ? "draft" : "api";
  return `${requireUrl("serverUrl", serverUrl)}/${folder}/${segment("formationId", formationId)}/v1`;
};

/** What the options come to. */
export interface FormationConfig {
  transport: Transport;
  keys: Record<"client" | "admin", string | undefined>;
  userId: string | undefined;
}

/** @throws ConfigurationError with the name of the option that cannot be used. */
export const resolveConfig = (options: FormationClientOptions): FormationConfig => {
  requireKnown(options, known);
  const { clientKey = environment("MUXI_CLIENT_KEY"), adminKey = environment("MUXI_ADMIN_KEY") } = options;
  return {
    transport: createTransport(baseUrlOf(options), options),
    keys: { client: optionalHeader("clientKey", clientKey), admin: optionalHeader("adminKey", adminKey) },
    userId: optionalHeader("userId", options.userId),
  };
};
