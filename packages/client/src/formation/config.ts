import { ConfigurationError } from "../errors/errors.ts";
import { fillPath, optionalHeader, requireKnown } from "../http/arguments.ts";
import {
  createTransport,
  type Environment,
  requireUrl,
  type Transport,
  type TransportOptions,
  transportOptions,
} from "../http/transport.ts";

/**
 * Where the formation is, who asks, and how patiently (docs/spec/formation-api.md "Client configuration").
 */
export interface FormationClientOptions extends TransportOptions {
  /** The MUXI server; needs `formationId`. Default: `MUXI_SERVER_URL`. */
  serverUrl?: string | undefined;
  /** Which of the server's formations. */
  formationId?: string | undefined;
  /** `"draft"` talks to the formation under development. Default `"live"`. */
  mode?: "live" | "draft" | undefined;
  /** The formation itself, without a server in front. Beats `serverUrl`. Default: `MUXI_FORMATION_URL`. */
  url?: string | undefined;
  /** The whole base URL, `/v1` and all. Beats `url` and `serverUrl`. */
  baseUrl?: string | undefined;
  /** Opens what users do. Default: `MUXI_CLIENT_KEY`. */
  clientKey?: string | undefined;
  /** Opens what operators do. Default: `MUXI_ADMIN_KEY`. */
  adminKey?: string | undefined;
  /** User of every call that does not name one. */
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

const baseUrlOf = (options: FormationClientOptions, env: Environment): string => {
  const { baseUrl, mode = "live", formationId } = options;
  if (mode !== "live" && mode !== "draft") throw new ConfigurationError("mode", 'must be "live" or "draft"');
  if (baseUrl !== undefined) return requireUrl("baseUrl", baseUrl);
  const named = options.url !== undefined || options.serverUrl !== undefined;
  const url = named ? options.url : env("MUXI_FORMATION_URL");
  if (url !== undefined) return `${requireUrl("url", url)}/v1`;
  const serverUrl = named ? options.serverUrl : env("MUXI_SERVER_URL");
  if (serverUrl === undefined) {
    throw new ConfigurationError("url", "is needed, or serverUrl and formationId");
  }
  if (formationId === undefined) {
    throw new ConfigurationError("formationId", "is needed with serverUrl");
  }
  const prefix = mode === "draft" ? "draft" : "api";
  return requireUrl("serverUrl", serverUrl) + fillPath(`/${prefix}/{formationId}/v1`, { formationId });
};

export interface FormationConfig {
  transport: Transport;
  clientKey: string | undefined;
  adminKey: string | undefined;
  userId: string | undefined;
}

/** @throws ConfigurationError with the name of the option that cannot be used. */
export const resolveConfig = (options: FormationClientOptions, env: Environment): FormationConfig => {
  requireKnown(options, known);
  const { clientKey = env("MUXI_CLIENT_KEY"), adminKey = env("MUXI_ADMIN_KEY"), userId } = options;
  return {
    transport: createTransport(baseUrlOf(options, env), options, env),
    clientKey: optionalHeader("clientKey", clientKey),
    adminKey: optionalHeader("adminKey", adminKey),
    userId: optionalHeader("userId", userId),
  };
};
