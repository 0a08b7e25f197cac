import * as z from "zod";
import { type Infer, named, namedRequest } from "../base/index.ts";
import { foundProblems } from "./deployments.ts";
import { deploymentCheckSchema } from "./readiness.ts";

export const devRunRequestSchema = namedRequest(
  "DevRunRequest",
  "A draft to run: a folder, or the draft folder of a formation.",
  () =>
    z.object({
      path: z
        .string()
        .min(1)
        .optional()
        .describe(
          "Absolute path of a formation folder on the server's machine; needed without `formation_id`",
        ),
      formation_id: z
        .string()
        .min(1)
        .optional()
        .describe("Formation whose draft folder runs; ignored when `path` is given"),
      check: deploymentCheckSchema()
        .optional()
        .describe(
          "`models` refuses a draft whose models lack a package or a key, `all` also one whose tool servers do not list " +
            "their tools, `report` looks at the same and refuses nothing; default: nothing is looked at",
        ),
      environment: z
        .record(z.string().min(1).max(256), z.string().max(32_768))
        .refine((variables) => Object.keys(variables).length <= 200, "has more than 200 variables")
        .optional()
        .describe(
          "Variables for this run, in place of the server's; only those that the formation may read: keys of model " +
            "providers, what its default model goes by, and what its files refer to with `${{ env.NAME }}`",
        ),
    }),
);

export type DevRunRequest = Infer<typeof devRunRequestSchema>;

export const devStopRequestSchema = namedRequest("DevStopRequest", "A draft to stop.", () =>
  z.object({ formation_id: z.string().min(1).describe("Formation whose draft is stopped") }),
);

export const devResultSchema = named("DevResult", "A draft was started or stopped.", () =>
  z.object({
    success: z.literal(true).describe("Always true: a failure is an error"),
    formation_id: z.string().describe("Id of the formation, from its manifest"),
    port: z.number().int().optional().describe("Port on which the draft listens; absent once it is stopped"),
    pid: z.number().int().optional().describe("Process id of the draft; absent once it is stopped"),
    status: z.enum(["running", "stopped"]).describe("State of the draft after the call"),
    problems: foundProblems(),
  }),
);

export type DevResult = Infer<typeof devResultSchema>;

export const draftFilesRequestSchema = namedRequest(
  "DraftFilesRequest",
  "Something to do with the files of a draft.",
  () =>
    z.object({
      action: z.string().describe("What to do: init, list, read, write, delete, deploy or discard"),
      mode: z
        .string()
        .optional()
        .describe("For `init`: `new` starts from a template, `clone` from the version that runs"),
      path: z
        .string()
        .optional()
        .describe("File or folder inside the draft; `list` without it lists the top folder"),
      content: z.string().optional().describe("For `write`: the whole content of the file"),
      encoding: z.enum(["utf-8", "base64"]).default("utf-8").describe("How `content` is written"),
    }),
);

export type DraftFilesRequest = Infer<typeof draftFilesRequestSchema>;
