/** The tools of agents: those of MCP servers, and those that are built in. */
export { askUser } from "./ask-user.ts";
export { callTool } from "./call-tool.ts";
export {
  type CallersPart,
  callersOutcome,
  callersPart,
  callersTools,
  checkCallersTools,
} from "./callers-tools.ts";
export { answerText, choicesIn, chosenIn, schemaOfChoices, withOptions } from "./choices.ts";
export { giveUp } from "./give-up.ts";
export type { FoundPassage, GivenAnswer, Journal, Tool, ToolOutcome } from "./tool.ts";
export { type Asker, createToolbox, type ServerState, type Toolbox } from "./toolbox.ts";
export { type CredentialSource, takesTyped } from "./user-server.ts";
export { type Asked, WaitsForUser } from "./waits-for-user.ts";
