import { ApiError, newId } from "@muxi/protocol";
import * as z from "zod";
import type { Owner, Statement, StoredRequest } from "../store/index.ts";
import { answerText } from "../tools/index.ts";
import { type ActiveRequest, beginRequest, toBackground } from "./active-request.ts";
import type { BegunRound } from "./agent-loop.ts";
import { createAnswering, type EndListener } from "./answering.ts";
import { type Answers, createAnswers, type RequestAnswer } from "./answers.ts";
import { isInTime, questionOf } from "./clarification.ts";
import { createEndings } from "./endings.ts";
import { asApiError } from "./failures.ts";
import { chosenValue } from "./given-value.ts";
import { createIntake, type Intaken } from "./intake.ts";
import type { OverlordParts } from "./parts.ts";
import { createPlanner } from "./planner.ts";
import { type Prepared, prepareTurn, type TurnSession } from "./prepare.ts";
import { createQueued, type Queued } from "./queued.ts";
import { handOver, unavailable } from "./reasons.ts";
import { createAgentRouter } from "./routing.ts";
import type { Run } from "./run.ts";
import { knownRequest } from "./runs.ts";
import type { Turn } from "./turn.ts";
import { observeAnswer } from "./work-events.ts";

export interface Overlord extends Queued {
  /** Answers what a request waits for, by its id. */
  answer(given: RequestAnswer): ReturnType<Answers["give"]>;
  /**
   * Accepts a message: when it resolves, the message is stored and the answer has begun. With a known idempotency key
   * it resolves with the run of the first call. If a request of its session has asked the user something, the message
   * continues that request (docs/spec/formation-files.md "Questions to the user").
   *
   * @throws ApiError `AGENT_NOT_FOUND`, `RESOURCE_NOT_FOUND` (the session is another user's), `CONFLICT` (a known
   * request id), `IDEMPOTENCY_KEY_REUSED`, `SERVICE_UNAVAILABLE` (the message could not be stored)
   */
  chat(turn: Turn): Promise<Run>;
  /**
   * Accepts a message for the background: when it resolves, the message is stored and will be answered, even after a
   * crash.
   *
   * @returns The id of the request, which is that of an earlier one when the idempotency key is known.
   */
  submit(turn: Turn): Promise<string>;
  /** The same as statements, for another transaction. The session is the user's own. */
  accept(turn: Turn): Statement[];
  /** Moves a run of the foreground to the background. */
  continueInBackground(run: Run): Promise<void>;
  /**
   * Moves the runs of the foreground there whose callers can find them in another process: those that are streamed, and
   * those that will be asked for again under their key. For the end of this process, before all runs are stopped.
   */
  handOn(): Promise<void>;
  /** Calls the listener at the end of each request from now on. */
  onEnded(listener: EndListener): void;
}

/** The session in which a message waits. */
const placeSchema = z.object({ userId: z.string(), sessionId: z.string() });
type Place = z.infer<typeof placeSchema>;

/** Takes requests through their steps: accepted, prepared, answered, ended. */
export const createOverlord = (given: OverlordParts): Overlord => {
  const { formationId, settings, store, models, tools, windows, runs, register, queue } = given;
  const { telemetry, clock } = given;
  const { requests } = store;
  const { now } = clock;
  const route = createAgentRouter({
    agents: settings.agents,
    model: settings.agents.length > 1 ? models.routingModel() : undefined,
    log: telemetry.log,
  });
  const planningModel = settings.workflows && models.planningModel();
  const planner = planningModel && createPlanner(settings.agents, planningModel);
  const parts = { ...given, route, planner };
  const endListeners: EndListener[] = [];
  /** Sessions in which a message waits for the end of the one before it. */
  const waitingIn = new Set<string>();
  const expiry = { formationId, requests, endings: given.endings, now };
  const intake = createIntake(parts);
  const endings = createEndings(parts);
  const answering = createAnswering(parts, endings, (sessionId, ...end) => {
    if (waitingIn.delete(sessionId)) queue.announce();
    for (const listener of endListeners) listener(...end);
  });
  /** Requests in the foreground, which may still move to the background. */
  const inForeground = new WeakMap<Run, ActiveRequest>();

  const askModel = ({ model, request }: Prepared, run: Run): BegunRound => {
    const messages = [...windows.fit(model.id, request.messages)];
    const rest = model.stream({ ...request, messages }, run.signal)[Symbol.asyncIterator]();
    const first = rest.next();
    first.catch(() => {});
    return { first, rest };
  };

  /** The request whose question a turn answers that names no request. */
  const askedIn = async (owner: Owner, sessionId: string): Promise<StoredRequest | undefined> => {
    const request = await requests.asking(owner, sessionId);
    return request && (await isInTime(expiry, request)) ? request : undefined;
  };

  /** A turn with its session, and the request that it continues. */
  const placed = async (asked: Turn, named: StoredRequest | undefined, owner: Owner) => {
    const received = await tools.credentialDialogue?.receive(asked, owner);
    const turn = received?.turn ?? asked;
    const session = await intake.sessionFor(turn);
    const id = received?.goesOn;
    if (id !== undefined && id !== named?.id)
      return { turn, session, awaits: await requests.get(formationId, id) };
    const isReply = turn.mayReply && session.asks;
    return {
      turn,
      session,
      awaits: named ?? (isReply ? await askedIn(owner, session.sessionId) : undefined),
    };
  };

  /** Tells the queue of a request once the one before it in its session has ended; now if that is not at work here. */
  const announceAfter = ({ userId, sessionId }: Place) => {
    if (runs.isAtWorkIn(userId, sessionId)) waitingIn.add(sessionId);
    else queue.announce();
  };

  /** Tells the queue of a request, in the process that works on the one before it too. */
  const announce = (turn: Turn, sessionId: string, isBehind: boolean) => {
    const place = { userId: turn.userId, sessionId };
    const onBusy = intake.onBusyOf(turn);
    telemetry.observe({
      event: "request.queued.async",
      level: "info",
      ...place,
      requestId: turn.requestId,
      data: { on_busy: onBusy, is_behind: isBehind },
    });
    if (onBusy === "steer") runs.steer(turn.userId, sessionId);
    if (isBehind && onBusy !== "enqueue") queue.heed();
    announceAfter(place);
    if (!isBehind || runs.isAtWorkIn(place.userId, place.sessionId)) return;
    store.hints.send({ topic: "waiting", formationId, content: JSON.stringify(place) });
  };
  store.hints.listen("waiting", formationId, (content) => {
    if (content !== "") announceAfter(placeSchema.parse(JSON.parse(content)));
  });

  /**
   * The run of a message that was not begun here: it waits for an earlier request of its session, or repeats one.
   */
  const followed = async (
    turn: Turn,
    sessionId: string,
    intaken: Exclude<Intaken, "begun">,
  ): Promise<Run> => {
    if (intaken !== "queued") {
      const same = await intake.sameAs(turn, intaken);
      if (same) return register.runOf(same);
      throw intaken;
    }
    announce(turn, sessionId, true);
    const stored = await requests.get(formationId, turn.requestId);
    if (!stored) throw unavailable("The message", undefined);
    return register.runOf(stored);
  };

  /** Accepts a message and begins its answer. */
  const begin = async (
    turn: Turn,
    owner: Owner,
    session: TurnSession,
    awaits?: StoredRequest,
  ): Promise<Run> => {
    const { sessionId } = session;
    const begunBy = awaits && questionOf(awaits).agentId;
    const prepared = await prepareTurn(parts, turn, owner, { ...session, begunBy });
    const { requestId, userId } = turn;
    const startedAt = now();
    const run = runs.start({ requestId, sessionId, userId });
    const webhookUrl = awaits?.webhookUrl ?? null;
    const active = beginRequest(parts, { run, turn, owner, isAsync: false, webhookUrl, startedAt });
    inForeground.set(run, active);

    // The model is asked while the message goes to disk; the caller sees nothing before it is stored. A call with an
    // idempotency key is stored first, so that only one of two concurrent calls asks.
    let early: BegunRound | undefined;
    let intaken: Intaken;
    const leave = (reason: ApiError) => {
      run.stop(reason);
      run.leave(reason);
      runs.finish(run);
    };
    try {
      early = turn.idempotency || prepared.work ? undefined : askModel(prepared, run);
      const lease = queue.lease();
      intaken = awaits
        ? await intake.goOn(turn, sessionId, lease, prepared.learned)
        : await intake.begin(turn, session, lease, prepared.learned);
    } catch (error) {
      leave(asApiError(error, requestId));
      throw error;
    }
    if (intaken !== "begun") {
      leave(intaken === "queued" ? handOver : intaken);
      return followed(turn, sessionId, intaken);
    }
    run.isStored = true;
    if (awaits) observeAnswer(telemetry.observe, awaits, questionOf(awaits).interrupt, "answer");
    void answering.answer(active, prepared, early);
    return run;
  };

  const answers = createAnswers(parts, intake);

  const chat = async (asked: Turn): Promise<Run> => {
    const owner = intake.ownerOf(asked);
    const earlier = await register.earlier(asked, owner);
    if (earlier && "repeats" in earlier) return register.runOf(earlier.repeats);
    const named = earlier && "awaits" in earlier ? earlier.awaits : undefined;
    // The id is taken.
    if (named && !(await isInTime(expiry, named))) throw knownRequest(named.id);
    const { turn, session, awaits } = await placed(asked, named, owner);
    if (earlier && "renews" in earlier) {
      const { renews } = earlier;
      return followed(turn, renews.sessionId, await intake.again(turn, renews, null));
    }
    const wait = async () =>
      followed(turn, session.sessionId, await intake.enqueue(turn, { ...session, isBehind: true }, null));
    if (!awaits && (session.open > 0 || runs.isAtWorkIn(turn.userId, session.sessionId))) return wait();
    if (!awaits) return begin(turn, owner, session);
    const { questions, interrupt } = questionOf(awaits);
    const message = interrupt ? answerText(chosenValue(turn.message, interrupt)) : turn.message;
    const reply = { ...turn, message, requestId: awaits.id, questions };
    try {
      const goesOn = await answers.say(turn, awaits);
      if (goesOn) return goesOn;
      return await begin(reply, owner, session, awaits);
    } catch (error) {
      // A concurrent message has answered the question.
      const isLate = error instanceof ApiError && error.code === "CONFLICT" && awaits.id !== turn.requestId;
      if (!isLate) throw error;
      return wait();
    }
  };

  const continueInBackground = async (run: Run): Promise<void> => {
    const active = inForeground.get(run);
    if (!active) return;
    const { turn } = active;
    const webhookUrl =
      turn.webhookUrl === undefined ? (active.webhookUrl ?? intake.targetOf(turn)) : turn.webhookUrl;
    await toBackground(parts, active, webhookUrl);
  };

  return {
    chat,
    answer: (given) => answers.give(given, async (turn) => continueInBackground(await chat(turn))),
    continueInBackground,

    async submit(asked) {
      const owner = intake.ownerOf(asked);
      const earlier = await register.earlier(asked, owner);
      if (earlier && "repeats" in earlier) return earlier.repeats.id;
      if (earlier && "awaits" in earlier) throw knownRequest(asked.requestId);
      const received = await tools.credentialDialogue?.receive({ ...asked, mayReply: false }, owner);
      const turn = received?.turn ?? asked;
      const session = await intake.sessionFor(turn);
      const isBehind = session.open > 0;
      const webhookUrl = intake.targetOf(turn);
      const intaken = earlier
        ? await intake.again(turn, earlier.renews, webhookUrl)
        : await intake.enqueue(turn, { ...session, isBehind }, webhookUrl);
      if (intaken instanceof ApiError) {
        const same = await intake.sameAs(turn, intaken);
        if (same) return same.id;
        throw intaken;
      }
      announce(turn, session.sessionId, isBehind);
      return turn.requestId;
    },

    accept: (turn) => intake.statements(turn, turn.sessionId ?? newId("session")),

    async handOn() {
      const ofCallers = runs.stored().flatMap((run) => inForeground.get(run) ?? []);
      const found = ofCallers.filter(
        ({ run, turn, isAsync }) => !isAsync && (run.log.heard || turn.idempotency !== undefined),
      );
      const moving = found.map((active) =>
        toBackground(parts, active, active.webhookUrl).catch((error) => {
          active.isAsync = false;
          telemetry.log.warn({ err: error, ...active.run.identity }, "an answer could not be handed on");
        }),
      );
      await Promise.all(moving);
    },

    onEnded(listener) {
      endListeners.push(listener);
    },

    ...createQueued(parts, intake, answering),
  };
};
