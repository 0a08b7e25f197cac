import { newId } from "@muxi/protocol";
import type { Owner, Statement, StoredRequest } from "../store/index.ts";
import type { BegunRound } from "./agent-loop.ts";
import { type AnsweringDeps, createAnswering } from "./answering.ts";
import { askedBy } from "./clarification.ts";
import { createEndings, type EndingDeps } from "./endings.ts";
import { createIntake, type IntakeDeps } from "./intake.ts";
import { type Prepared, prepareTurn } from "./prepare.ts";
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
   * that is known it gives the run that was made of the first one.
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
  continueInBackground(run: Run, turn: Turn): Promise<void>;
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

  /** The turn with what its request has come to, where it goes on with one that waits. */
  const goingOn = async (asked: Turn, named: StoredRequest | undefined, owner: Owner) => {
    const received = await dialogue?.receive(asked, owner);
    const id = received?.goesOn;
    const isNamed = id === undefined || id === named?.id;
    const awaits = isNamed ? named : await requests.get(owner.formationId, id);
    const turn = received?.turn ?? asked;
    if (!awaits) return { turn, awaits };
    return { turn: { ...turn, requestId: awaits.id, questions: askedBy(awaits).questions }, awaits };
  };

  return {
    async chat(asked) {
      const owner = intake.ownerOf(asked);
      const earlier = await register.earlier(asked, owner);
      if (earlier && "repeats" in earlier) return register.runOf(earlier.repeats);
      const { turn, awaits } = await goingOn(asked, earlier?.awaits, owner);
      const session = await intake.sessionFor(turn);
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
      const taken = awaits
        ? requests.goOn(owner, requestId, sessionId, lease, turn.idempotency)
        : intake.request(turn, sessionId, lease);
      const refusal = await intake.store(turn, sessionId, [taken, ...prepared.learned]);
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
    },

    async submit(asked) {
      const owner = intake.ownerOf(asked);
      const earlier = await register.earlier(asked, owner);
      if (earlier && "repeats" in earlier) return earlier.repeats.id;
      if (earlier) throw knownRequest(asked.requestId);
      const { turn } = (await dialogue?.receive({ ...asked, isFirst: false }, owner)) ?? { turn: asked };
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

    async continueInBackground(run, turn) {
      const work = works.get(run);
      if (!work) return;
      const webhookUrl = intake.targetOf(turn);
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
