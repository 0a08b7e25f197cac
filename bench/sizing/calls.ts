import type { NewMemory, Owner, Store } from "../../packages/runtime/src/store/index.ts";
import { formationSpace, userSpace } from "../../packages/runtime/src/store/index.ts";
import { formationId, now, wordAt } from "./fill.ts";

/** A session of the generated database. */
export interface Sample {
  owner: Owner;
  sessionId: string;
  /** Ids that nobody has had yet. */
  next: () => string;
  /** Any memory of this user, and so some words. */
  memory: number;
}

/** What a formation does with its store, by what it is for. */
export type Calls = Readonly<Record<string, (store: Store, sample: Sample) => Promise<unknown>>>;

const recently = { limit: 50 };
const hour = 3_600_000;
const day = 24 * hour;
const lease = { owner: "bench", until: now + 30_000 };

const wordsOf = (memory: number) => [0, 1, 2].map((place) => wordAt(place, memory));

/** A chat in a session, as the overlord has it: what is read, the message, the answer. */
const chat = async (store: Store, { owner, sessionId, next, memory }: Sample): Promise<void> => {
  const { sessions, requests, memories, lessons, synopses } = store;
  const id = `req_${next()}`;
  const spaces = [userSpace(owner), formationSpace(formationId)];
  const [state] = await Promise.all([
    sessions.stateFor(owner, sessionId),
    sessions.recent(owner, sessionId, 20),
    memories.matches(spaces, wordsOf(memory), 50, now),
    lessons.unlearned(owner),
    synopses.of(owner),
  ]);
  const begun = {
    id,
    sessionId,
    kind: "chat",
    webhookUrl: null,
    idempotency: undefined,
    now,
    lease,
  } as const;
  const message = {
    role: "user",
    content: "Which apples keep until March?",
    createdAt: now,
    requestId: id,
  } as const;
  await sessions.appendNext(owner, { id: sessionId, turns: state.turns }, message, [
    requests.begin(owner, begun),
    lessons.note(owner, sessionId, id, now),
  ]);
  const answer = {
    role: "assistant",
    content: "Those that lie in straw.",
    createdAt: now,
    requestId: id,
  } as const;
  const usage = { input_tokens: 900, output_tokens: 120, total_tokens: 1020 };
  const spending = { agentId: "grower", model: "openai/test", usage };
  const ending = { status: "completed", error: null, log: "x".repeat(800), now, spending } as const;
  await requests.finish(formationId, id, lease.owner, ending, [sessions.answering(owner, sessionId, answer)]);
  await lessons.finish(
    await lessons.claim(formationId, [{ owner, sessionId }], {
      now,
      begunBefore: now,
      until: now + hour,
      limit: 50,
    }),
    [],
  );
};

/** A summary of what falls out of a session's window, from being asked for to being used. */
const summarise = async ({ summaries, write }: Store, { owner, sessionId }: Sample): Promise<void> => {
  await write([summaries.note(owner, sessionId, 1, now), summaries.noteLog(owner, sessionId, now + hour)]);
  const [task] = await summaries.claim(formationId, { now, until: now + hour, limit: 1 });
  if (!task) throw new Error("the session is not to be summarised");
  const earlier = await summaries.before(task);
  await summaries.messages(task, earlier?.before ?? 0, 41);
  const made = { text: "The pears lie in straw.", before: task.before, details: null, isComplete: true };
  await summaries.finish(task, made, now);
  await summaries.ofWindow(owner, sessionId);
};

const remember = ({ owner, next }: Sample): NewMemory => ({
  ...{
    owner,
    scope: "user",
    scopeId: null,
    subject: next(),
    collection: "preferences",
    content: "Likes russets",
  },
  ...{ words: ["likes", "russets"], metadata: {}, source: "chat", importance: 0.5, now },
});

const submit = async (store: Store, { owner, sessionId, next }: Sample): Promise<void> => {
  const { requests, deliveries } = store;
  const id = `req_${next()}`;
  const input = {
    id,
    sessionId,
    kind: "chat",
    input: "{}",
    webhookUrl: null,
    idempotency: undefined,
    now,
  } as const;
  await store.write([requests.insert(owner, input)]);
  const attempts = { from: 0, below: 4 };
  for (const claimed of await requests.claim(formationId, lease, { now, limit: 64, attempts })) {
    const target = "https://shop.example/hooks";
    const delivery = {
      id: `del_${next()}`,
      formationId,
      requestId: claimed.id,
      event: "completed",
      target,
      now,
    };
    await requests.finish(
      formationId,
      claimed.id,
      lease.owner,
      { status: "completed", error: null, log: "x".repeat(800), now },
      [
        deliveries.insert({
          ...delivery,
          userId: claimed.userId,
          origin: "https://shop.example",
          body: "{}",
        }),
      ],
    );
  }
  const due = { now, farthest: now + hour };
  for (const origin of await deliveries.dueOrigins(formationId, due, [])) {
    const until = now + hour;
    for (const { id } of await deliveries.claim(formationId, origin, {
      owner: "bench",
      limit: 8,
      due,
      until,
    })) {
      await deliveries.end(id, "bench", "sent", { now, responseStatus: 204, error: null });
    }
  }
};

export const calls: Calls = {
  "a chat, learned from": chat,
  "a request in the background and its webhook": submit,
  "a memory is stored": (store, sample) => store.memories.add([remember(sample)]),
  "sessions of a user": (store, { owner }) => store.sessions.list(owner, recently),
  "history of a user": (store, { owner }) =>
    store.sessions.history(owner, { limit: 10, from: now - 365 * day, to: now }),
  "messages of a session": (store, { owner, sessionId }) =>
    store.sessions.messages(owner, sessionId, recently),
  "a session": (store, { owner, sessionId }) => store.sessions.get(owner, sessionId),
  "buffer of a user": (store, { owner }) => store.buffers.ofUser(owner, 100),
  "memories of a user": (store, { owner }) =>
    store.memories.list({ owner, scopes: ["user"], now }, { ...recently, offset: 0 }),
  "requests of a user": (store, { owner }) =>
    store.requests.list(formationId, { userId: owner.userId }, recently),
  "requests of all": (store) => store.requests.list(formationId, { userId: undefined }, recently),
  "a request by its key": (store, { owner, next }) => store.requests.find(owner, next(), next()),
  "leases are renewed": (store) => store.requests.renew(formationId, lease),
  "holders of leases": (store) => store.requests.leaseHolders(formationId),
  "sessions to learn from": (store) => store.lessons.silent(formationId, { since: now, now, limit: 50 }),
  "sessions to summarise": summarise,
  "earlier conversations of a user": (store, { owner, sessionId }) =>
    store.summaries.earlier(owner, sessionId, { from: 0, to: now }),
  "when a session is to be summarised": (store) => store.summaries.nextDue(formationId),
  "deliveries of all": (store) => store.deliveries.list(formationId, recently),
  "deliveries that failed": (store) => store.deliveries.list(formationId, { ...recently, status: "failed" }),
  "deliveries of a request": (store, { next }) =>
    store.deliveries.list(formationId, { ...recently, requestId: next() }),
  "when a delivery is due": (store) => store.deliveries.nextDue(formationId, []),
  "jobs that are due": (store) => store.jobs.due(formationId, now, { total: 10, perUser: 5 }),
  "when a job is due": (store) => store.jobs.nextDue(formationId, now),
  "jobs of a user": (store, { owner }) => store.jobs.list(formationId, { userId: owner.userId, limit: 100 }),
  "jobs of all": (store) => store.jobs.list(formationId, { limit: 50 }),
  "how many jobs there are": (store, { owner }) => store.jobs.counts(formationId, owner.userId, now),
  "the audit log": (store) => store.audit.list(formationId, recently),
  "an identifier": (store, { owner }) => store.users.identifier(formationId, owner.userId),
  "identifiers of all": (store) => store.users.identifiers(formationId, recently),
  "identifiers that were changed": (store) => store.users.changedSince(formationId, now),
  "credentials of a user": (store, { owner }) => store.credentials.list(owner),
  "old messages": (store) => store.sessions.forget(formationId, now - 600 * day, 200),
  "old requests": (store) => store.requests.forget(formationId, now - 600 * day, 200),
  "old deliveries": (store) => store.deliveries.forget(formationId, now - 600 * day, 200),
  "old records of the audit log": (store) => store.audit.forget(formationId, now - 600 * day, 200),
  "old reports on bulk uploads": (store) => store.ingestions.forget(formationId, now - 600 * day, 200),
  "old jobs": (store) => store.jobs.forget(formationId, now - 600 * day, 200),
};
