import * as z from "zod";
import { type Infer, lazy, named, text } from "../base/index.ts";

/** Something without which a formation runs, but cannot answer as it is configured. */
export const formationProblemSchema = named(
  "FormationProblem",
  "A model or a tool server that a running formation cannot use.",
  () =>
    z.object({
      kind: z.enum(["model", "mcp"]).describe("What cannot be used: a model, or a tool server (MCP)"),
      name: text("The model as `provider/name`, or the id of the tool server"),
      message: text("Why it cannot be used and what to do about it"),
    }),
);

export type FormationProblem = Infer<typeof formationProblemSchema>;

/** What a deployment checks before it counts (docs/spec/server-api.md "Checks before a switch"). */
export const deploymentCheckSchema = lazy(() => z.enum(["all", "models", "report"]));

export type DeploymentCheck = Infer<typeof deploymentCheckSchema>;
