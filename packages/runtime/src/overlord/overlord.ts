import { ApiError, newId } from "@muxi/protocol";
import type { Owner, Statement, StoredRequest } from "../store/index.ts";
import type { BegunRound } from "./agent-loop.ts";
import { type AnsweringDeps, createAnswering } from "./answering.ts";
import { askedBy, dropQuestion } from "./clarification.ts";
import { createEndings, type EndingDeps } from "./endings.ts";
import { createIntake, type IntakeDeps } from "./intake.ts";
import { type Prepared, prepareTurn, type TurnSession } from "./prepare.ts";
import { createQueued, type Queued, type QueuedDeps } from "./queued.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { knownRequest } from "./runs.ts";
import { inputOf, type Turn } from "./turn.ts";
import { type Work, workFor } from "./work.ts";

export interface OverlordDeps
  extends IntakeDeps,
    EndingDeps,
    Omit<AnsweringDeps, "requests" | "runs" | "memory">,
    Omit<QueuedDeps, "requests" | "runs"> {
  requests: IntakeDeps["requests"];
  runs: Runs;
  /** Called once something waits in the queue. */
  onQueued: () => void;
}

export interface Overlord extends Queued {
  /**
   * Takes a message in: when it resolves, the message is stored and the answer is on its way. With an idempotency key
   * that is known it gives the run that was made of the first one. A request of its session that has asked the user
   * something goes on with it (contract/formation.md 6.4).
   *
   * @throws ApiError `AGENT_NOT_FOUND`, `RESOURCE_NOT_FOUND` (the session is another user's), `CONFLICT` (a known
   * request id), `IDEMPOTENCY_KEY_REUSED`, `SERVICE_UNAVAILABLE` (the message could not be stored)
   */
  chat(turn: Turn): Promise<Run>;
  /**
   * Takes a message in for the background: when it resolves, it is stored and will be answered, whatever happens.
   *
   * @returns The id of the request, which is that of an earlier one when the idempotency key is known.
   */
  submit(turn: Turn): Promise<string>;
  /** The same as statements, for somebody else's transaction. The session is the user's own. */
  accept(turn: Turn): Statement[];
  /** Lets a run that was begun at once go on in the background. */
  continueInBackground(run: Run): Promise<void>;
}

/** The way of a request: taken in, prepared, answered, ended. */
export const createOverlord = (deps: OverlordDeps): Overlord => {
  const { formationId, requests, register, runs, credentialDialogue: dialogue, now } = deps;
  const intake = createIntake(deps);
  const endings = createEndings(deps);
  const answering = createAnswering(deps, endings);
  /** What is being done at once, and may yet go on in the background. */
  const works = new WeakMap<Run, Work>();

  const askModel = ({ model, request }: Prepared, run: Run): BegunRound => {
    const rest = model.stream(request, run.signal)[Symbol.asyncIterator]();
    const first = rest.next();
    first.catch(() => {});
    return { first, rest };
  };

  /** The request of a session that a turn which names none is the answer to. */
  const askedIn = async (owner: Owner, sessionId: string): Promise<StoredRequest | undefined> => {
    const request = await requests.asking(owner, sessionId);
    if (!request || askedBy(request).until > now()) return request;
    await dropQuestion(deps, request, "The user did not answer in time");
    return undefined;
  };

  /** A turn with its session, and the request that it goes on with. */
  const placed = async (asked: Turn, named: StoredRequest | undefined, owner: Owner) => {
    const received = await dialogue?.receive(asked, owner);
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

  /** Takes a message in for an answer at once. */
  const begin = async (
    turn: Turn,
    owner: Owner,
    session: TurnSession,
    awaits?: StoredRequest,
  ): Promise<Run> => {
    const { sessionId } = session;
    const begunBy = awaits && askedBy(awaits).agentId;
    const prepared = await prepareTurn(deps, turn, owner, { ...session, begunBy });
    const { requestId, userId } = turn;
    const run = runs.start({ requestId, sessionId, userId });
    const webhookUrl = awaits?.webhookUrl ?? null;
    const work = workFor(deps, { run, turn, owner, isAsync: false, webhookUrl, startedAt: now() });
    works.set(run, work);

    // The model is asked while the message goes to disk; the caller hears of neither before both are under way. A call
    // that may come twice at once is stored first, so that only one of them asks.
    const early = turn.idempotency ? undefined : askModel(prepared, run);

    const lease = deps.lease();
    const refusal = awaits
      ? await intake.storeReply(turn, sessionId, lease, prepared.learned)
      : await intake.store(turn, sessionId, [intake.request(turn, sessionId, lease), ...prepared.learned]);
    if (refusal) {
      run.stop(refusal);
      run.leave(refusal);
      runs.finish(run);
      const same = await intake.sameAs(turn, refusal);
      if (same) return register.runOf(same);
      throw refusal;
    }
    run.isStored = true;
    void answering.answer(work, prepared, early ?? askModel(prepared, run));
    return run;
  };

  return {
    async chat(asked) {
      const owner = intake.ownerOf(asked);
      const earlier = await register.earlier(asked, owner);
      if (earlier && "repeats" in earlier) return register.runOf(earlier.repeats);
      const { turn, session, awaits } = await placed(asked, earlier?.awaits, owner);
      if (!awaits) return begin(turn, owner, session);
      const reply = { ...turn, requestId: awaits.id, questions: askedBy(awaits).questions };
      try {
        return await begin(reply, owner, session, awaits);
      } catch (error) {
        // Another message came at the same time and was the answer.
        const isLate = error instanceof ApiError && error.code === "CONFLICT" && awaits.id !== turn.requestId;
        if (!isLate) throw error;
        return begin(turn, owner, session);
      }
    },

    async submit(asked) {
      const owner = intake.ownerOf(asked);
      const earlier = await register.earlier(asked, owner);
      if (earlier && "repeats" in earlier) return earlier.repeats.id;
      if (earlier) throw knownRequest(asked.requestId);
      const { turn } = (await dialogue?.receive({ ...asked, mayReply: false }, owner)) ?? { turn: asked };
      const { sessionId } = await intake.sessionFor(turn);
      const refusal = await intake.store(turn, sessionId, [intake.request(turn, sessionId)]);
      if (refusal) {
        const same = await intake.sameAs(turn, refusal);
        if (same) return same.id;
        throw refusal;
      }
      deps.onQueued();
      return turn.requestId;
    },

    accept: (turn) => intake.statements(turn, turn.sessionId ?? newId("session")),

    async continueInBackground(run) {
      const work = works.get(run);
      if (!work) return;
      const { turn } = work;
      const webhookUrl =
        turn.webhookUrl === undefined ? (work.webhookUrl ?? intake.targetOf(turn)) : turn.webhookUrl;
      work.isAsync = true;
      await requests.toBackground(formationId, run.identity.requestId, deps.lease().owner, {
        input: inputOf(turn),
        webhookUrl,
        steps: work.journal.pending(),
      });
      work.webhookUrl = webhookUrl;
    },

    ...createQueued(deps, intake, answering, endings),
  };
};
