import { ApiError, type Interrupt, newId } from "@muxi/protocol";
import { storedMessage } from "../attachments/index.ts";
import type { Statement, StoredRequest } from "../store/index.ts";
import { answerText, type GivenAnswer } from "../tools/index.ts";
import { isApproval, isInTime, questionOf } from "./clarification.ts";
import { decisionIn } from "./decision.ts";
import { checkedAnswer, chosenValue } from "./given-value.ts";
import type { Intake } from "./intake.ts";
import { openPlace } from "./journal.ts";
import type { OverlordParts } from "./parts.ts";
import { notAsked } from "./reasons.ts";
import type { Run } from "./run.ts";
import type { Turn } from "./turn.ts";
import { observeAnswer } from "./work-events.ts";

/** An answer to what a request waits for, by the id of that (docs/spec/formation-api.md "Answering a request"). */
export interface RequestAnswer {
  requestId: string;
  interruptId: string;
  action: GivenAnswer["action"] | "cancel";
  value?: unknown;
  editedArgs?: Record<string, unknown> | undefined;
  results?: GivenAnswer["results"];
  /** Whether further calls of the tool need no approval, in the session or for the user. */
  remember?: "session" | "user" | undefined;
  /** Undefined with the admin key, for requests of all users. */
  userId: string | undefined;
  /** Whose key it came with. */
  by: "admin" | "user" | "link";
  ip: string;
  isPrivate: boolean;
}

export interface Answers {
  /**
   * The run of a request that goes on in its journal with a message as the answer; undefined for one that does not.
   *
   * @throws ApiError `CONFLICT` when it was answered meanwhile
   */
  say(turn: Turn, asking: StoredRequest): Promise<Run | undefined>;
  /**
   * Answers a request by the id of what it waits for.
   *
   * @param chat Takes a message that answers a question of the conversation.
   * @throws ApiError `REQUEST_NOT_FOUND`, `FORBIDDEN`, `CONFLICT` (it does not wait for that), `GONE` (too late)
   */
  give(
    answer: RequestAnswer,
    chat: (turn: Turn) => Promise<unknown>,
  ): Promise<{ sessionId: string; status: "pending" | "cancelled" }>;
}

const tooLate = (requestId: string) =>
  new ApiError("GONE", `The time to answer request '${requestId}' is over: send the message again`);

/** The results of the calls that a request waits for: a value is that of a single one. @throws ApiError `INVALID_PARAMS` */
const resultsOf = (
  calls: readonly { id: string }[],
  given: GivenAnswer["results"],
  value: unknown,
): NonNullable<GivenAnswer["results"]> => {
  const [first] = calls;
  const results =
    given ??
    (calls.length === 1 && first && value !== undefined
      ? [{ id: first.id, content: answerText(value), isError: false }]
      : []);
  const ids = new Set(results.map(({ id }) => id));
  if (results.length === calls.length && calls.every(({ id }) => ids.has(id))) return results;
  throw new ApiError(
    "INVALID_PARAMS",
    `results must have one result for each of these calls: ${calls.map(({ id }) => id).join(", ")}`,
  );
};

export const createAnswers = (
  parts: Pick<
    OverlordParts,
    "endings" | "formationId" | "store" | "register" | "queue" | "telemetry" | "clock"
  >,
  intake: Intake,
): Answers => {
  const { formationId, register, queue } = parts;
  const { requests, audit, approvals } = parts.store;
  const { now } = parts.clock;

  /** Who decided on a call, and on which: for the transaction that lets the request go on. */
  const decided = (
    { id: requestId, userId, sessionId }: StoredRequest,
    tool: NonNullable<Interrupt["tool"]>,
    { action, value, editedArgs }: GivenAnswer,
    { by, ip, remember }: { by: RequestAnswer["by"]; ip: string; remember?: "session" | "user" | undefined },
  ): Statement[] => {
    const isApproved = action === "approve";
    const owner = { formationId, userId };
    const details = {
      by,
      arguments: editedArgs ?? tool.arguments,
      ...(value !== undefined && { said: value }),
    };
    return [
      ...audit.adding(formationId, {
        id: newId("audit"),
        at: now(),
        action: isApproved ? "tool.approved" : "tool.denied",
        resourceType: "tool",
        resourceId: tool.name,
        userId,
        requestId,
        ip,
        outcome: isApproved ? "success" : "denied",
        details: JSON.stringify(details),
        suppressed: 0,
      }),
      ...(isApproved && remember && tool.server !== undefined
        ? [
            approvals.allow(owner, {
              server: tool.server,
              tool: tool.server_tool ?? tool.name,
              sessionId: remember === "session" ? sessionId : undefined,
              now: now(),
            }),
          ]
        : []),
    ];
  };

  const goOn = async (
    asking: StoredRequest,
    given: Parameters<Intake["goOnIn"]>[1],
  ): Promise<StoredRequest> => {
    const intaken = await intake.goOnIn(asking, given);
    if (intaken instanceof ApiError) throw intaken;
    observeAnswer(parts.telemetry.observe, asking, questionOf(asking).interrupt, given.answer.action);
    queue.announce();
    return (await requests.get(formationId, asking.id)) ?? asking;
  };

  return {
    async say(turn, asking) {
      const place = openPlace(await requests.steps(formationId, asking.id));
      if (place === undefined) return undefined;
      const { interrupt } = questionOf(asking);
      const { message, attachments } = turn;
      const said = interrupt ? chosenValue(message, interrupt) : message;
      const answer: GivenAnswer = interrupt?.tool
        ? decisionIn(message)
        : { action: "answer", value: attachments ? storedMessage(message, attachments) : said };
      const also = interrupt?.tool ? decided(asking, interrupt.tool, answer, { by: "user", ip: "" }) : [];
      return register.runOf(await goOn(asking, { place, answer, said: turn, also }));
    },

    async give({ requestId, interruptId, action, userId, ...given }, chat) {
      const { editedArgs, results, isPrivate } = given;
      const asking = await register.get(requestId, userId);
      const { interrupt, until } = questionOf(asking);
      const isOver = asking.status === "cancelled" && until <= now();
      if (isOver && interrupt?.id === interruptId) throw tooLate(requestId);
      if (asking.status !== "awaiting_clarification" || interrupt?.id !== interruptId)
        throw notAsked(requestId);
      if (!(await isInTime({ formationId, requests, endings: parts.endings, now }, asking)))
        throw tooLate(requestId);
      const { sessionId } = asking;
      if (action === "cancel") {
        await register.cancel(requestId, userId);
        return { sessionId, status: "cancelled" };
      }
      // What is to be changed of a plan is an answer.
      if (interrupt.kind !== "plan_approval" && isApproval(interrupt) === (action === "answer")) {
        const wanted = isApproval(interrupt) ? "approve or deny" : "answer";
        throw new ApiError(
          "CONFLICT",
          `Request '${requestId}' waits for the action ${wanted}, not for ${action}`,
        );
      }
      const { calls } = interrupt;
      const answer: GivenAnswer = calls
        ? { action, results: resultsOf(calls, results, given.value) }
        : checkedAnswer(interrupt, { action, value: given.value, editedArgs });
      const { value } = answer;
      const said = {
        requestId,
        userId: asking.userId,
        sessionId,
        message: answerText(value),
        mayReply: true,
        isPrivate,
      };
      const place = openPlace(await requests.steps(formationId, requestId));
      if (place === undefined) {
        await chat(said);
        return { sessionId, status: "pending" };
      }
      const also = interrupt.tool ? decided(asking, interrupt.tool, answer, given) : [];
      await goOn(asking, { place, answer, said: value === undefined ? undefined : said, also });
      return { sessionId, status: "pending" };
    },
  };
};
