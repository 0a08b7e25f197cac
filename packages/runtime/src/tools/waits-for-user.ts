import type { Choices, Interrupt, JsonObject } from "@muxi/protocol";
import type { CallersCall } from "./callers-tools.ts";

/** What a request asks its user before it goes on in its journal. */
export interface Asked {
  kind: "question" | "approval" | "plan_approval" | "client_tools";
  /** What the user reads. */
  prompt: string;
  /** What a question offers. */
  choices?: Choices | undefined;
  /** What the answer, or the arguments of an approved call, must look like. */
  schema?: JsonObject | undefined;
  /** Where in the journal the answer belongs. */
  place: string;
  /** The calls that the caller of the request is to make. */
  calls?: CallersCall[];
  /** The call that waits for a yes. */
  tool?: Interrupt["tool"];
  /** The plan that waits for a yes. */
  plan?: Interrupt["plan"];
}

/** Thrown where work cannot go on without its user. No step that it passes through is finished. */
export class WaitsForUser extends Error {
  override readonly name = "WaitsForUser";
  readonly asked: Asked;

  constructor(asked: Asked) {
    super(asked.prompt);
    this.asked = asked;
  }
}
