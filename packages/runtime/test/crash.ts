import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, collect } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { readAsked, type Started, seeded, startBuilt, startLedger, writeTestFormation } from "./processes.ts";
import { startReceiver } from "./receiver.ts";

/** What callers were told is there. */
interface Promised {
  /** Sessions and the answer that a `done` or a JSON body gave. */
  answers: Map<string, string>;
  /** Requests in the background. */
  requests: Set<string>;
  /** Those of them with a webhook. */
  webhooks: Set<string>;
  jobs: Set<string>;
}

const user = "ann";

/** A procedure whose two steps are noted one after the other. */
const round = `---
type: sop
name: Round
synthesis: false
---
## Steps
1. Note the start
2. Note the end
`;

/** Milliseconds of work before a kill, at most. */
const longestLife = 1_000;

/**
 * Kills a formation on SQLite again and again while it chats, works in the background, runs jobs and delivers, and
 * looks after each restart whether everything that was promised is there.
 */
export const crashAndLook = async (kills: number, seed: number): Promise<string> => {
  const random = seeded(seed);
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger();
  const receiver = await startReceiver();
  const dir = await writeTestFormation(models.url, {
    toolUrl: ledger.url,
    more: "scheduler: { max_concurrent_jobs: 20 }",
    files: { "sops/round.md": round },
  });
  const file = path.join(dir, "memory.db");

  const told = new Set<string>();
  const forgotten: string[] = [];
  models.defaultReply = (request) => {
    const { asked: text, isNoted } = readAsked(request);
    // A step of the procedure is told the user's message beside its own text.
    const [message = ""] = text.startsWith("Note the ")
      ? (/Round \d+/.exec(JSON.stringify(request.body)) ?? [])
      : [];
    const asked = message === "" ? text : `${message}: ${text}`;
    if (!/^(Row|Job|Round)/.test(asked)) return { text: ["You said: ", asked], before: sleep(random() * 30) };
    if (isNoted) told.add(asked);
    else if (told.has(asked)) forgotten.push(asked);
    const call = { id: "c1", name: "ledger__note", arguments: [JSON.stringify({ entry: asked })] };
    return isNoted ? { text: [`Noted: ${asked}`] } : { text: [], toolCalls: [call] };
  };

  const promised: Promised = {
    answers: new Map(),
    requests: new Set(),
    webhooks: new Set(),
    jobs: new Set(),
  };
  let number = 0;

  const chat = async (api: Api, stream: boolean) => {
    const session = `chat${++number}`;
    const message = `Message ${number}`;
    if (!stream) {
      const { status } = await api.chat(message, { user, session });
      if (status === 200) promised.answers.set(session, `You said: ${message}`);
      return;
    }
    const frames = await collect(await api.stream({ message, session_id: session }, { user }));
    if (frames.at(-1)?.event === "done") promised.answers.set(session, `You said: ${message}`);
  };

  const submit = async (api: Api) => {
    const id = `req_${++number}`;
    const hasWebhook = random() < 0.5;
    const body = {
      message: `${random() < 0.7 ? "Row" : "Round"} ${number}`,
      request_id: id,
      session_id: `row${number}`,
      mode: "async",
      ...(hasWebhook && { webhook_url: receiver.url }),
    };
    const { status } = await api.call("POST", "/chat", { user, body });
    expect(status).toBe(202);
    promised.requests.add(id);
    if (hasWebhook) promised.webhooks.add(id);
  };

  /** A job that runs once, soon: the API takes only whole seconds, and a user may make twenty jobs an hour. */
  const schedule = async (api: Api) => {
    const at = new Date(Date.now() + 1_000 + random() * 1_500).toISOString();
    const body = { type: "prompt", schedule: at, message: `Job ${++number}` };
    const { status, body: made } = await api.call("POST", "/scheduler/jobs", {
      key: "admin",
      user: `user${number}`,
      body,
    });
    expect([status, made.error]).toEqual([201, null]);
    promised.jobs.add(made.data.id);
  };

  /** Sends this and that until the process dies. */
  const keepBusy = async (api: Api, signal: AbortSignal) => {
    const kinds = [() => chat(api, true), () => chat(api, false), () => submit(api), () => schedule(api)];
    while (!signal.aborted) {
      const kind = kinds[Math.floor(random() * kinds.length)];
      // What breaks off with the process was not promised.
      await kind?.().catch((error) => {
        if (!signal.aborted && !(error instanceof TypeError)) throw error;
      });
    }
  };

  const look = () => {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      expect(db.prepare("pragma integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
      const stored = new Map(
        db
          .prepare(`select session.id as session_id, content from message join session on session.seq = session_seq
              where role = 'assistant'`)
          .all()
          .map(({ session_id, content }) => [session_id, content]),
      );
      for (const [session, answer] of promised.answers)
        expect([session, stored.get(session)]).toEqual([session, answer]);
      const requests = new Set(
        db
          .prepare("select id from request")
          .all()
          .map(({ id }) => id),
      );
      expect([...promised.requests].filter((id) => !requests.has(id))).toEqual([]);
      const jobs = new Set(
        db
          .prepare("select id from job")
          .all()
          .map(({ id }) => id),
      );
      expect([...promised.jobs].filter((id) => !jobs.has(id))).toEqual([]);
    } finally {
      db.close();
    }
  };

  let started: Started | undefined;
  for (let kill = 0; kill < kills; kill++) {
    started = await startBuilt(dir);
    const stop = new AbortController();
    const { api, crash } = started;
    const busy = Promise.all(Array.from({ length: 6 }, () => keepBusy(api, stop.signal)));
    await sleep(random() * longestLife);
    stop.abort();
    await crash();
    await busy;
    look();
  }

  started = await startBuilt(dir);
  const db = new DatabaseSync(file, { readOnly: true });
  onTestFinished(() => db.close());
  const countOf = (text: string) => Number(db.prepare(text).get()?.n);
  const untilNone = (table: string, condition: string) =>
    untilExpected(
      `no ${table} is left where ${condition}`,
      () => expect(countOf(`select count(*) as n from ${table} where ${condition}`)).toBe(0),
      120_000,
    );
  await untilNone("request", "completed_at is null");
  await untilNone("job", "status = 'active'");
  await untilNone("delivery", "status = 'pending'");
  look();

  const statuses = new Map(
    db
      .prepare("select id, status from request")
      .all()
      .map(({ id, status }) => [String(id), status]),
  );
  expect([...promised.requests].filter((id) => statuses.get(id) !== "completed")).toEqual([]);
  expect(countOf("select count(*) as n from job_run where status <> 'success'")).toBe(0);
  expect(countOf("select count(*) as n from job where total_runs <> 1")).toBe(0);
  expect(countOf("select count(*) as n from job_run")).toBe(countOf("select count(*) as n from job"));
  const delivered = receiver.received.map(({ body }) => String(JSON.parse(body).id));
  expect([...promised.webhooks].filter((id) => !delivered.includes(id))).toEqual([]);
  // In the sessions of the background and of jobs each question was answered once.
  expect(
    countOf(`select count(*) as n from (select session_seq from message join session on session.seq = session_seq
      where session.id not like 'chat%' group by session_seq having count(*) <> 2)`),
  ).toBe(0);
  expect(forgotten).toEqual([]);
  const repeated = ledger.calls.length - new Set(ledger.calls).size;
  await started.crash();
  return (
    `${kills} kills (seed ${seed}): ${promised.answers.size} chats, ${promised.requests.size} requests in the background, ` +
    `${promised.jobs.size} jobs, ${promised.webhooks.size} webhooks in ${delivered.length} deliveries: all there; ` +
    `${repeated} tool calls repeated that were under way`
  );
};
