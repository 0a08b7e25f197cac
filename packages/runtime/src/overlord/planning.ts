import { ApiError, type ChatWireEvent, newId, type Usage, type WorkOutcome } from "@muxi/protocol";
import { withDocuments } from "../attachments/index.ts";
import { ModelError, noUsage, sumOfUsage } from "../models/index.ts";
import { type Asked, answerText, type GivenAnswer } from "../tools/index.ts";
import type { Decomposition } from "../work/index.ts";
import { type ActiveRequest, toBackground } from "./active-request.ts";
import type { AgentAnswer } from "./agent-loop.ts";
import { plainDecisionIn } from "./decision.ts";
import type { OverlordParts } from "./parts.ts";
import { planOf, planText } from "./plan-text.ts";
import type { Planner, PlanReply } from "./planner.ts";
import type { Prepared, PreparedWork } from "./prepare.ts";
import type { PromptSection } from "./prompt.ts";
import type { WorkflowRules } from "./settings.ts";
import { isLearnedFrom } from "./turn.ts";
import { type Draft, draftSchema, draftStep, type WorkPlan } from "./work-plan.ts";

/** Most plans that a user is shown for one message. */
const mostDrafts = 10;

/** What becomes of a request that may be taken apart: it has a plan, or an answer without one being carried out. */
export type Planned =
  | { plan: WorkPlan }
  | { answer: AgentAnswer }
  /** The user did not want the plan. */
  | { rejected: WorkPlan; said: string }
  /** It is answered at once. */
  | "plain";

const outcomeOf = ({ id, tasks }: WorkPlan, more: Partial<WorkOutcome>): WorkOutcome => ({
  workflow_id: id,
  workflow_status: "waiting",
  total_tasks: tasks.length,
  completed_tasks: 0,
  failed_tasks: 0,
  execution_time: 0,
  ...more,
});

/** How a request ends whose plan its user did not want. */
export const rejectedOutcome = (plan: WorkPlan): WorkOutcome =>
  outcomeOf(plan, { workflow_status: "cancelled", workflow_cancelled: true });

/** What a model writes the answer to a no from. */
export const rejectedSection = ({ rejected, said }: { rejected: WorkPlan; said: string }): PromptSection => ({
  title:
    "For this message the user was shown a plan of these tasks, and did not want it. Nothing of it was done. Say so " +
    "in a sentence, and offer to do it in another way. The tasks, and what the user said:",
  texts: [rejected.tasks.map(({ title }) => title).join("\n"), ...(said === "" ? [] : [said])],
});

const nobodyToAsk = (title: string) =>
  new ApiError(
    "TASK_FAILED",
    `The procedure ${title} waits for a yes, and nobody is there to give it: send it as a chat, or take ` +
      "bypass_approval: false out of it",
  );

const cannotChange = "A procedure is carried out as it is written, or not at all.";
const notChanged = "The plan could not be changed. It is still this one:";

export const createPlanning = (
  parts: Pick<
    OverlordParts,
    "formationId" | "settings" | "store" | "runs" | "queue" | "telemetry" | "clock"
  > & { planner: Planner | undefined },
) => {
  const { settings, planner } = parts;
  const { log, observe } = parts.telemetry;

  return async (active: ActiveRequest, prepared: Prepared, work: PreparedWork): Promise<Planned> => {
    const { run, turn, journal } = active;
    const { requestId, sessionId } = run.identity;
    const ofRequest = { ...run.identity, caller: turn.caller, questions: turn.questions };
    const message = turn.attachments ? withDocuments(turn.message, turn.attachments) : turn.message;
    let spent = noUsage;
    const asking = {
      signal: run.signal,
      onUsage: (usage: Usage) => {
        spent = sumOfUsage(spent, usage);
      },
    };
    /** A step with the tokens that it took, which count also when it was done before. */
    const counted = async <T>(key: string, ask: () => Promise<T>): Promise<T> => {
      const { value, usage } = await journal.step(key, async () => {
        spent = noUsage;
        return { value: await ask(), usage: spent };
      });
      active.usage = sumOfUsage(active.usage, usage);
      return value;
    };
    const tell = (
      stage: string,
      content: string,
      more: Partial<Extract<ChatWireEvent, { type: "planning" }>>,
    ) => {
      if (!settings.progress) return;
      run.log.append({
        type: "planning",
        content,
        stage,
        session_id: sessionId,
        request_id: requestId,
        ...more,
      });
    };

    const complexityBy = async (by: Planner, rules: WorkflowRules, ofWords: number): Promise<number> => {
      if (rules.method !== "llm" && rules.method !== "hybrid") return ofWords;
      const { heuristic, llm } = rules.weights;
      const total = heuristic + llm;
      const mixed = (score: number) =>
        rules.method === "llm" || total === 0 ? score : (heuristic * ofWords + llm * score) / total;
      // Not even the highest score would make it work of several tasks.
      if (mixed(10) < rules.threshold) return ofWords;
      try {
        const score = await by.score(message, asking);
        if (score !== undefined) return mixed(score);
        log.warn({ model: by.modelId, ...run.identity }, "the model gave no complexity: words alone decide");
      } catch (error) {
        run.signal.throwIfAborted();
        log.warn(
          { err: error, ...run.identity },
          "the complexity could not be asked for: words alone decide",
        );
      }
      observe({ event: "workflow.analysis.failed", level: "warn", ...ofRequest });
      return ofWords;
    };

    /** A plan of the model; undefined when there is none that can be carried out. */
    const decompose = async (
      by: Planner,
      changed?: { tasks: WorkPlan["tasks"]; wishes: readonly string[] },
    ): Promise<Decomposition | undefined> => {
      try {
        const request = { message, history: work.history, ...(changed && { changed }) };
        const plan = await by.decompose(request, asking);
        // None is needed.
        if (typeof plan !== "string") return plan.tasks.length > 0 ? plan : undefined;
        log.warn(
          { model: by.modelId, problem: plan, ...run.identity },
          "the model's plan cannot be carried out",
        );
      } catch (error) {
        run.signal.throwIfAborted();
        if (!(error instanceof ModelError)) throw error;
        log.warn({ err: error, ...run.identity }, "the request could not be taken apart");
      }
      observe({ event: "workflow.decomposition.failed", level: "warn", ...ofRequest });
      return undefined;
    };

    const drafted = (
      { tasks, introduction, question }: Decomposition,
      wishes: readonly string[],
      asks: boolean,
    ): Draft => {
      const id = newId("workflow");
      const data = { workflow_id: id, task_count: tasks.length, requires_approval: asks };
      observe({ event: "workflow.decomposition.completed", level: "info", ...ofRequest, data });
      return {
        plan: { id, about: wishes.join("\n"), files: {}, synthesis: true, tasks },
        introduction,
        question,
        asks,
        wishes: [...wishes],
      };
    };

    /** The first draft; null when the message is answered at once. */
    const firstDraft = async (): Promise<Draft | null> => {
      if (work.plan) {
        const { procedure } = work.plan;
        if (!isLearnedFrom(turn)) throw nobodyToAsk(procedure?.title ?? "");
        return {
          plan: work.plan,
          introduction: procedure?.title ?? "",
          question: "",
          asks: true,
          wishes: [],
        };
      }
      const rules = settings.workflows;
      if (!planner || !rules || work.complexity === undefined) return null;
      const complexity = await complexityBy(planner, rules, work.complexity);
      if (complexity < rules.threshold) return null;
      tell("workflow_decomposition", "Planning the work", { complexity_score: complexity });
      const made = await decompose(planner);
      if (!made) {
        tell("decomposition_fallback", "Answered at once", { complexity_score: complexity });
        return null;
      }
      const asks = isLearnedFrom(turn) && (made.wants_approval || complexity >= rules.approvalFrom);
      return drafted(made, [], asks);
    };

    const replyOf = async (draft: Draft, { action, value }: GivenAnswer): Promise<PlanReply> => {
      if (action === "approve") return "approve";
      if (action === "deny") return "reject";
      const said = answerText(value);
      const plain = plainDecisionIn(said);
      if (plain !== undefined) return plain === "yes" ? "approve" : "reject";
      if (!planner) return "other";
      try {
        return (await planner.understand(planText({ ...draft, ...draft.plan }), said, asking)) ?? "other";
      } catch (error) {
        run.signal.throwIfAborted();
        if (!(error instanceof ModelError)) throw error;
        log.warn({ err: error, ...run.identity }, "what the user says to a plan could not be asked for");
        return "other";
      }
    };

    /** The draft as the user wants it. */
    const changedDraft = async (draft: Draft, wish: string): Promise<Draft> => {
      if (draft.plan.procedure || !planner) return { ...draft, introduction: cannotChange };
      const wishes = [...draft.wishes, wish];
      const made = await decompose(planner, { tasks: draft.plan.tasks, wishes });
      return made ? drafted(made, wishes, true) : { ...draft, introduction: notChanged };
    };

    const draftAt = async (number: number, make: () => Promise<Draft | null>): Promise<Draft | null> => {
      const draft = await counted(draftStep(number), make);
      return draft === null ? null : draftSchema().parse(draft);
    };

    const first = await draftAt(0, firstDraft);
    if (first === null) return "plain";
    if (!active.isAsync) await toBackground(parts, active, active.webhookUrl);
    const announce = ({ plan }: Draft) =>
      tell("decomposition_complete", plan.tasks.map(({ title }) => title).join("\n"), {
        workflow_id: plan.id,
        task_count: plan.tasks.length,
      });
    if (!first.asks) {
      announce(first);
      return { plan: first.plan };
    }
    let draft = first;
    for (let number = 0; number < mostDrafts; number++) {
      const { place, answer } = journal.given(`reply:${number}`);
      if (!answer) {
        announce(draft);
        const shown = { ...draft, ...draft.plan };
        const prompt = planText(shown);
        run.log.appendText([prompt]);
        const waitsFor: Asked = { kind: "plan_approval", prompt, place, plan: planOf(shown) };
        return {
          answer: {
            model: prepared.model.id,
            finishReason: "stop",
            usage: active.usage,
            given: [],
            waitsFor,
            work: outcomeOf(draft.plan, { approval_required: true, requires_user_response: true }),
          },
        };
      }
      const said = answerText(answer.value);
      const meant = await counted(`round:meant:${number}`, () => replyOf(draft, answer));
      if (meant === "approve") return { plan: draft.plan };
      if (meant === "reject") return { rejected: draft.plan, said };
      const next = meant === "change" ? () => changedDraft(draft, said) : async () => draft;
      draft = (await draftAt(number + 1, next)) ?? draft;
    }
    throw new ApiError(
      "TASK_FAILED",
      `The plan was shown ${mostDrafts} times without a yes or a no: send the message again, with all that you want`,
    );
  };
};
