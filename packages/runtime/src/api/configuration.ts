import { type Formation, maskSecrets } from "@muxi/formation";
import { isObject, type JsonObject } from "@muxi/protocol";
import { type Redactor, streamId } from "../observability/index.ts";
import type { Endpoints } from "./endpoint.ts";

interface ConfigurationDeps {
  formation: Formation;
  redactor: Redactor;
}

/** The values as written, with defaults for what is missing. */
const withDefaults = (written: unknown, effective: unknown): unknown => {
  if (!isObject(effective)) return written === undefined ? effective : written;
  const block = isObject(written) ? written : {};
  const names = new Set([...Object.keys(effective), ...Object.keys(block)]);
  return Object.fromEntries([...names].map((name) => [name, withDefaults(block[name], effective[name])]));
};

/**
 * Shows blocks of a formation: with defaults, and with references to secrets as they were written.
 *
 * The manifest in effect has its secrets filled in, so only what the written one lacks is taken from it, and
 * never the value of a secret.
 */
const blockReader = ({ formation, redactor }: ConfigurationDeps) => {
  return (name: keyof Formation["manifest"]): JsonObject => {
    const block = withDefaults(formation.document[name], maskSecrets(formation.manifest[name]));
    const shown = redactor.secretsIn(block);
    return isObject(shown) ? shown : {};
  };
};

/** The endpoints of docs/spec/formation-api.md "Configuration". */
export const configurationEndpoints = (deps: ConfigurationDeps) => {
  const { formation } = deps;
  const { manifest } = formation;
  const block = blockReader(deps);
  const servers = formation.mcpServers.map(({ document }) => document);
  const voice = { persona: formation.soul, soul: formation.soul };

  return {
    async getAsyncConfig() {
      return block("async");
    },

    async getMcpConfig() {
      return { enhance_user_prompts: true, ...block("mcp"), ...mcpLimits(manifest), servers };
    },

    async getLlmSettings() {
      return block("llm");
    },

    async getOverlordConfig() {
      return { ...block("overlord"), ...voice };
    },

    async getOverlordPersona() {
      return voice;
    },

    async getOverlordSoul() {
      return voice;
    },

    async getA2aConfig() {
      return block("a2a");
    },

    async getLoggingConfig() {
      return block("logging");
    },

    async getLoggingDestinations() {
      const { system, conversation } = manifest.logging;
      const destinations = conversation.streams.map((stream, index) => ({
        id: streamId(stream, index),
        transport: stream.transport,
        level: stream.level,
        format: stream.format,
        enabled: conversation.enabled && stream.enabled,
        ...(stream.destination !== undefined && {
          destination: String(deps.redactor.secretsIn(maskSecrets(stream.destination))),
        }),
      }));
      return {
        system: { level: system.level, destination: system.destination },
        conversation: { destinations, count: destinations.length },
      };
    },
  } satisfies Partial<Endpoints>;
};

/** Numbers in effect. A number is never a secret. */
const mcpLimits = ({ mcp }: Formation["manifest"]) => ({
  default_retry_attempts: mcp.default_retry_attempts,
  default_timeout_seconds: mcp.default_timeout_seconds,
  max_tool_iterations: mcp.max_tool_iterations,
  max_tool_calls: mcp.max_tool_calls,
  max_repeated_errors: mcp.max_repeated_errors,
  max_timeout_in_seconds: mcp.max_timeout_in_seconds,
  max_tool_timeout_in_seconds: mcp.max_tool_timeout_in_seconds,
});
