import type { AgentDefinition } from "@muxi/formation";
import { ApiError, type Usage } from "@muxi/protocol";
import { withDocuments } from "../attachments/index.ts";
import { noUsage, sumOfUsage } from "../models/index.ts";
import { type Journal, withOptions } from "../tools/index.ts";
import { performGraph, type Task, type TaskResult } from "../work/index.ts";
import { type ActiveRequest, toBackground } from "./active-request.ts";
import type { AgentAnswer } from "./agent-loop.ts";
import { questionRules } from "./clarification.ts";
import { type CitationMode, type GivenPassage, resultForModel, retold } from "./given-passages.ts";
import type { OverlordParts } from "./parts.ts";
import type { PreparationParts, Prepared } from "./prepare.ts";
import type { PromptSection } from "./prompt.ts";
import { createReplanning } from "./replanning.ts";
import { createTaskWork, type Watched } from "./task-work.ts";
import { createWorkEvents, type WorkEvents } from "./work-events.ts";
import { planStep, type WorkPlan } from "./work-plan.ts";
import { createWorkReport } from "./work-report.ts";

/** Answers a turn by the tasks of a plan. */
export type Work = (
  active: ActiveRequest,
  prepared: Prepared,
  plan: WorkPlan,
  /** Writes the answer from the results. */
  answerFrom: (sections: readonly PromptSection[], given: readonly GivenPassage[]) => Promise<AgentAnswer>,
) => Promise<AgentAnswer>;

/** Characters of a result that tasks get which do not need it directly. */
const longestEarlier = 2_000;

const withTitle = ({ title }: Task, text: string): string => `${title}\n\n${text}`;

/** What others have found of documents, for who reads it, and how passages are cited. */
interface Reader {
  given: GivenPassage[];
  citing: CitationMode;
}

/** What a task has brought, as others read it. */
const told = (task: Task, result: TaskResult, { given, citing }: Reader): string =>
  withTitle(
    task,
    result.state === "completed" ? resultForModel(given, result, citing) : `(Not done: ${result.reason})`,
  );

const resultsFor = (
  plan: WorkPlan,
  task: Task,
  results: ReadonlyMap<string, TaskResult>,
  reader: Reader,
): string[] =>
  plan.tasks.flatMap((other) => {
    const result = results.get(other.id);
    if (!result) return [];
    const text = told(other, result, reader);
    return task.after.includes(other.id) ? text : text.slice(0, longestEarlier);
  });

const named = ({ procedure }: WorkPlan): string =>
  procedure ? `The procedure ${procedure.title}` : "The plan";

export const createWork = (
  parts: Pick<
    OverlordParts,
    | "formationId"
    | "settings"
    | "store"
    | "models"
    | "tools"
    | "memory"
    | "windows"
    | "runs"
    | "queue"
    | "telemetry"
    | "clock"
  > &
    Pick<PreparationParts, "planner">,
): Work => {
  const { settings, models, tools, memory } = parts;
  const { log } = parts.telemetry;
  const { now } = parts.clock;
  const perform = createTaskWork({
    settings,
    modelOf: models.modelOf,
    modelNamed: models.modelNamed,
    visionModelOf: models.visionModelOf,
    documents: memory.documents,
    windows: parts.windows,
    citing: settings.citing,
    timezone: settings.timezone,
    toolsOf: tools.of,
    newBudget: tools.newBudget,
    now,
    warn: (reason, error) => log.warn({ err: error }, reason),
  });

  const replan = createReplanning(parts);

  const sectionsFor = (
    plan: WorkPlan,
    task: Task,
    message: string,
    results: ReadonlyMap<string, TaskResult>,
    reader: Reader,
  ): PromptSection[] => [
    { title: "The user's message that all tasks serve:", texts: [message] },
    {
      title: plan.procedure
        ? `About the procedure "${plan.procedure.title}":`
        : "What the user said to the plan:",
      texts: plan.about === "" ? [] : [plan.about],
    },
    {
      title: "Files of this task:",
      texts: task.files.map((named) => `${named}\n\n${plan.files[named] ?? ""}`),
    },
    { title: "Results of the tasks before it:", texts: resultsFor(plan, task, results, reader) },
  ];

  /** What is told when tasks could not be done and no model writes the answer. */
  const failuresIn = (plan: WorkPlan, results: ReadonlyMap<string, TaskResult>): string[] =>
    plan.tasks.flatMap(({ id, title }) => {
      const result = results.get(id);
      return result && result.state !== "completed" ? `Not done: ${title}. ${result.reason}` : [];
    });

  const answerByTasks = async (
    events: WorkEvents,
    ...[active, prepared, begun, answerFrom]: Parameters<Work>
  ): Promise<AgentAnswer> => {
    const { run, turn, owner, journal } = active;
    const report = createWorkReport({ run, plan: begun, isShown: settings.progress, now });
    // From now on another process goes on with it when this one ends.
    if (!active.isAsync) await toBackground(parts, active, active.webhookUrl);
    if (!journal.has(planStep)) events.started();
    // On disk together with the plan: once that is, nothing is planned again.
    active.usage = await journal.step("round:planned", async () => active.usage);
    await journal.step(planStep, async () => begun);
    const { procedure } = begun;
    if (procedure) {
      const { name, title } = procedure;
      report.tell("sop_matched", { sop_id: name, sop_name: title, content: `Found procedure: ${title}` });
    }
    report.tell("workflow_start", { task_count: begun.tasks.length });

    const { mayAsk } = questionRules(turn, settings.clarification);
    const message = turn.attachments ? withDocuments(turn.message, turn.attachments) : turn.message;
    const spent = new Map<string, Usage>([["before", active.usage]]);
    const count = (part: string, usage: Usage) => {
      spent.set(part, usage);
      active.usage = [...spent.values()].reduce(sumOfUsage, noUsage);
    };

    /** @param within The journal of the plan's tasks: those of another plan may have the same ids. */
    const carryOut = (plan: WorkPlan, kept: ReadonlyMap<string, TaskResult>, within: Journal) =>
      performGraph(
        plan.tasks.filter(({ id }) => !kept.has(id)),
        {
          ...settings.work,
          known: kept,
          async perform(task, known, signal) {
            const reader: Reader = { given: [], citing: settings.citing };
            const sections = sectionsFor(plan, task, message, known, reader);
            const assignment = {
              given: reader.given,
              asker: { ...owner, sessionId: run.identity.sessionId },
              usual: prepared.agent,
              mayAsk,
              watch(agent: AgentDefinition, watched: Watched) {
                events.assigned(task, agent.id);
                return parts.telemetry.watch(
                  { ...run.identity, agentId: agent.id, caller: turn.caller, questions: turn.questions },
                  watched,
                );
              },
              sections,
              onUsage: (usage: Usage) => count(`${plan.id}/${task.id}`, usage),
            };
            return perform(task, assignment, signal, within);
          },
          onBegin(task) {
            events.begun(task);
            report.begun(task);
          },
          onEnd(task, result) {
            // What was stopped has spent what it has told.
            if (result.state !== "skipped" || !result.blocks) count(`${plan.id}/${task.id}`, result.usage);
            events.taskEnded(task, result);
            report.ended(task, result);
          },
        },
        run.signal,
      );

    let plan = begun;
    let { results, questions } = await carryOut(plan, new Map(), journal);
    for (let attempt = 1; questions.length === 0; attempt++) {
      const next = await replan({ active, prepared, plan, results, attempt, message });
      if (!next) break;
      count(`replan:${attempt}`, next.usage);
      report.replanned(next.plan, next.kept.size, attempt);
      events.replanned(next.plan, attempt);
      plan = next.plan;
      ({ results, questions } = await carryOut(plan, next.kept, journal.part(`replan:${attempt}`)));
    }

    const model = prepared.model.id;
    const [question] = questions;
    if (question) {
      const { asked: waitsFor } = question;
      run.log.appendText([withOptions(waitsFor.prompt, waitsFor.choices)]);
      const work = report.outcome("waiting");
      return { model, finishReason: "stop", usage: active.usage, given: [], waitsFor, work };
    }
    const reader: Reader = { given: [...prepared.given], citing: prepared.citing };
    const done = plan.tasks.flatMap(({ id }) => {
      const result = results.get(id);
      return result?.state === "completed" ? retold(reader.given, result, reader.citing) : [];
    });
    const failures = failuresIn(plan, results);
    if (settings.work.recovery === "compensate" && failures.length > 0) {
      const stateOf = ({ id }: Task) => results.get(id)?.state;
      const stands = plan.tasks.filter((task) => stateOf(task) === "completed");
      const failed = plan.tasks.filter((task) => stateOf(task) === "failed");
      report.tell("compensation_needed", { content: stands.map(({ title }) => title).join("; ") });
      parts.telemetry.observe({
        event: "workflow.compensation.needed",
        level: "warn",
        ...run.identity,
        data: {
          workflow_id: plan.id,
          completed_tasks: stands.map(({ id }) => id),
          failed_tasks: failed.map(({ id }) => id),
        },
      });
    }
    if (done.length === 0 || (failures.length > 0 && !settings.work.goesOn))
      throw new ApiError("TASK_FAILED", `${named(plan)} was not carried out. ${failures[0] ?? ""}`);
    const work = report.outcome(failures.length > 0 ? "partial" : "completed");
    if (!plan.synthesis && !prepared.form.schema) {
      run.log.appendText([[done.at(-1), ...failures].join("\n\n")]);
      return { model, finishReason: "stop", usage: active.usage, given: reader.given, work };
    }
    report.tell("workflow_synthesis");
    const texts = plan.tasks.flatMap((task) => {
      const result = results.get(task.id);
      return result ? told(task, result, reader) : [];
    });
    const section = {
      title:
        `For this message ${procedure ? `the procedure "${procedure.title}"` : "a plan"} was carried out. Its tasks ` +
        "and their results; answer the message from them, and say what could not be done:",
      texts,
    };
    const answer = await answerFrom([section], reader.given);
    return { ...answer, work };
  };

  return async (active, ...how) => {
    const [, plan] = how;
    const events = createWorkEvents(parts, active, plan);
    try {
      const answer = await answerByTasks(events, active, ...how);
      events.ended(answer.work);
      return answer;
    } catch (error) {
      events.broken(error);
      throw error;
    }
  };
};
