import { type Infer, lazy } from "@muxi/protocol";
import * as z from "zod";
import {
  filledText,
  httpUrl,
  nonNegative,
  openSection,
  schemaVersion,
  seconds,
  section,
  text,
  textList,
  textMap,
} from "./common.ts";
import { unused } from "./effects.ts";

const filterKeys = [
  ["allow", "whitelist"],
  ["deny", "blacklist"],
] as const;

/** Which calls wait for a user's yes (docs/spec/formation-files.md "Calls that need approval"). */
export const approvalSchema = lazy(() =>
  z.union([z.enum(["always", "never", "destructive"]), textList], {
    error: "must be always, never, destructive, or a list of patterns",
  }),
);

export type ApprovalRule = Infer<typeof approvalSchema>;

/**
 * Which tools of a server may be used (docs/spec/formation-files.md "Tool filters"): shell-style patterns, deny beats
 * allow. The keys are closed; `whitelist` and `blacklist` are read as `allow` and `deny`.
 */
export const toolFilterSchema = lazy(() =>
  z
    .strictObject({
      allow: textList.optional(),
      deny: textList.optional(),
      whitelist: textList.optional(),
      blacklist: textList.optional(),
      approval: approvalSchema().optional(),
    })
    .transform((filter, context): ToolFilter => {
      if (Object.keys(filter).length === 0) {
        const hint = 'For example: allow: ["read_*"]';
        context.addIssue({ code: "custom", message: "needs allow, deny or approval", params: { hint } });
      }
      for (const [name, alias] of filterKeys) {
        if (filter[name] && filter[alias]) {
          context.addIssue({ code: "custom", message: `has both ${name} and ${alias}, which mean the same` });
        }
      }
      const allow = filter.allow ?? filter.whitelist;
      const deny = filter.deny ?? filter.blacklist;
      const { approval } = filter;
      return { ...(allow && { allow }), ...(deny && { deny }), ...(approval && { approval }) };
    }),
);

export interface ToolFilter {
  allow?: string[];
  deny?: string[];
  approval?: ApprovalRule;
}

const common = lazy(() => ({
  schema: schemaVersion.optional(),
  id: filledText,
  active: z.boolean().default(true),
  description: text.default(""),
  timeout_seconds: seconds.optional(),
  max_retries: nonNegative.optional(),
  connection_ttl: nonNegative.optional(),
  parameters: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], { error: "must be text, a number, true or false" }),
    )
    .default({}),
  tools: toolFilterSchema().optional(),
  auth: openSection({
    type: z.enum(["env", "bearer", "basic", "api_key", "none"]).default("none"),
    accept_inline: z.boolean().default(false),
  }).optional(),
}));

/** An MCP server of a formation, or of one agent (docs/spec/formation-files.md "MCP server files"). */
export const mcpServerSchema = lazy(() =>
  z.discriminatedUnion(
    "type",
    [
      section({
        ...common(),
        type: z.literal("command"),
        command: filledText,
        args: z.array(text).default([]),
        env: textMap.default({}),
        working_directory: text.optional(),
        install: unused("Run the command before you start the formation"),
      }),
      section({
        ...common(),
        type: z.literal("http"),
        endpoint: httpUrl,
        headers: textMap.default({}),
      }),
    ],
    { error: "must be command or http" },
  ),
);

/** The definition of an MCP server with defaults added. */
export type McpServerConfig = Infer<typeof mcpServerSchema>;

/**
 * A server of the formation in an agent's list, with fewer tools (docs/spec/formation-files.md "Tools of an agent").
 */
export const attachmentSchema = lazy(() =>
  z.strictObject({ id: filledText, tools: toolFilterSchema().optional() }),
);
