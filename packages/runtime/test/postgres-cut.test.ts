import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Toxin } from "../../../test/toxic-proxy.ts";
import { until, untilExpected } from "../../../test/until.ts";
import {
  type Answer,
  type Api,
  collect,
  hold,
  keys,
  manifest,
  startFormation,
  textOf,
  untilStatus,
  writeFormation,
} from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { createSchemaBehindProxy, onPostgres, query } from "./postgres.ts";
import { notingReply, readAsked, startLedger } from "./processes.ts";
import { startReceiver } from "./receiver.ts";

const rounds = process.env.MUXI_TEST_FAULTS ? 50 : 10;

/** Milliseconds after which a caller gives up: long beside every limit of the formation, which are below. */
const callersPatience = 20_000;
const settings = "query_timeout_seconds: 2";

const faults: readonly { toxin: Toxin; forgotten: boolean }[] = [
  { toxin: { kind: "stall", towards: "both" }, forgotten: true },
  { toxin: { kind: "stall", towards: "both" }, forgotten: false },
  { toxin: { kind: "stall", towards: "client" }, forgotten: true },
  { toxin: { kind: "cut" }, forgotten: false },
  { toxin: { kind: "stall", towards: "server" }, forgotten: true },
  { toxin: { kind: "stall", towards: "client" }, forgotten: false },
  { toxin: { kind: "delay", milliseconds: 3_000 }, forgotten: false },
];

const ann = { user: "ann" };

const writeFormationFor = (models: ModelServer, ledgerUrl: string) =>
  writeFormation({
    "formation.afs": `${manifest}
server: { api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
memory: { persistent: { ${settings} } }
`,
    "mcp/ledger.afs": `id: ledger\ndescription: Notes things\ntype: http\nendpoint: ${ledgerUrl}\n`,
  });

const insertJobs = (database: string, count: number) =>
  query(
    `insert into job (formation_id, id, user_id, type, schedule, message, cron, run_at, exclusions, timezone, status,
        next_run, total_runs, total_failures, failures_in_row, created_at, updated_at)
      select 'orchard', 'job_' || n, 'u' || n, 'prompt', 'now', 'Job ' || n, null, due, '[]', 'UTC', 'active',
        due, 0, 0, 0, 1, 1
      from (select n, cast(extract(epoch from now()) * 1000 as bigint) + n * 1000 as due
        from generate_series(0, ${count - 1}) as n) as numbered`,
    database,
  );

const within = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(callersPatience) });

const expectAnswerOrRefusal = ({ status, headers, body }: Answer, accepted: number) => {
  if (status === accepted) return;
  expect([status, body.error?.code, headers.get("retry-after")]).toEqual([503, "SERVICE_UNAVAILABLE", "5"]);
};

/** What callers sent, and what they were told. */
const createCallers = (api: Api, webhook: string) => {
  const chatted: string[] = [];
  const refused: string[] = [];
  const accepted: string[] = [];
  const chat = async (name: string): Promise<Answer> => {
    const answer = await api.chat(`Row ${name}`, { ...ann, ...within(), session: name });
    expectAnswerOrRefusal(answer, 200);
    (answer.status === 200 ? chatted : refused).push(name);
    return answer;
  };
  const request = async (name: string): Promise<void> => {
    const body = {
      ...{ message: `Row ${name}`, session_id: name, request_id: name, mode: "async" },
      webhook_url: webhook,
    };
    const answer = await api.call("POST", "/chat", { ...ann, ...within(), body });
    expectAnswerOrRefusal(answer, 202);
    if (answer.status === 202) accepted.push(name);
  };
  return { chatted, refused, accepted, chat, request };
};

const many = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}_${index}`);

const healthOf = async (api: Api): Promise<number> => (await api.get("/health", within())).status;

describe.skipIf(!onPostgres)("a network that fails between a formation and its Postgres", () => {
  test(`is survived ${rounds} times: calls are answered or refused meanwhile and succeed after it, and what was accepted is done once`, {
    timeout: 60_000 + rounds * 15_000,
  }, async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    let held: Promise<void> = Promise.resolve();
    const noting = notingReply();
    models.defaultReply = (request) => {
      if (readAsked(request).asked === "Count")
        return { text: ["One ", "two"], pause: { after: 2, until: held } };
      return typeof noting === "function" ? noting(request) : noting;
    };
    const ledger = await startLedger();
    const receiver = await startReceiver();
    const { direct, proxied, proxy } = await createSchemaBehindProxy();
    const logged: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => logged.push(line) });
    // No round lasts for so long: a request whose lease is over ends.
    const leaseTime = 60_000;
    const dir = await writeFormationFor(models, ledger.url);
    const api = await startFormation(dir, { database: proxied, leaseTime, log });
    const callers = createCallers(api, receiver.url);
    await insertJobs(direct, rounds);

    for (let round = 0; round < rounds; round++) {
      const { toxin, forgotten } = faults[round % faults.length] ?? {
        toxin: { kind: "cut" },
        forgotten: false,
      };
      const what = `round ${round}, ${JSON.stringify(toxin)}${forgotten ? ", connections forgotten" : ""}`;
      const model = hold();
      held = model.held;
      const stream = await api.stream({ message: "Count", session_id: `stream_${round}` }, ann);
      await stream.next();

      const early = [
        ...many(`early_${round}`, 30).map(callers.chat),
        ...many(`task_${round}`, 5).map(callers.request),
      ];
      await Promise.race(early);
      proxy.poison(toxin);
      const late = [
        ...many(`late_${round}`, 30).map(callers.chat),
        ...many(`later_${round}`, 5).map(callers.request),
      ];
      expect(await healthOf(api), `health in ${what}`).toBe(503);
      await Promise.all([...early, ...late]);
      expect(await healthOf(api), `health at the end of ${what}`).toBe(503);

      proxy.heal({ forgotten });
      // On a machine that is short of processors a call may not get a new connection within its limit.
      let asked = 0;
      const isAnswered = async () => {
        asked += 1;
        const { status } = await callers.chat(`after_${round}_${asked}`);
        expect(status, `the log ends ${logged.slice(-10).join("")}`).toBe(200);
      };
      for (let chat = 1; chat <= 5; chat++) await untilExpected(`chat ${chat} after ${what}`, isAnswered);
      await untilExpected(`health after ${what}`, async () => expect(await healthOf(api)).toBe(200));
      model.release();
      expect(textOf(await collect(stream)), `the stream after ${what}`).toBe("One two");
    }
    // Otherwise nothing was tested.
    expect(callers.refused.length).toBeGreaterThan(rounds);

    const countOf = async (text: string) => Number((await query(text, direct))[0]?.n);
    for (const id of callers.accepted) await untilStatus(api, id, "completed");
    await untilExpected("all jobs are done", async () =>
      expect(await countOf("select count(*) as n from job_run where status = 'success'")).toBe(rounds),
    );
    await untilExpected("no request is left", async () =>
      expect(await countOf("select count(*) as n from request where completed_at is null")).toBe(0),
    );
    await untilExpected("the webhooks are delivered", () => {
      const delivered = new Set(receiver.received.map(({ body }) => JSON.parse(body).id));
      expect(callers.accepted.filter((id) => !delivered.has(id))).toEqual([]);
    });
    expect(await countOf("select count(*) as n from job where total_runs = 1")).toBe(rounds);

    const rolesIn = async (session: string) =>
      (
        await query(
          `select role from message join session on session_seq = session.seq
        where session.id = '${session}' order by message.seq`,
          direct,
        )
      ).map(({ role }) => role);
    for (const name of [...callers.chatted, ...callers.accepted]) {
      expect(await rolesIn(name), name).toEqual(["user", "assistant"]);
    }
    // Whoever was refused may have been heard, but not twice.
    expect(
      await countOf(
        "select count(*) as n from (select session_seq from message group by session_seq having count(*) > 2) as odd",
      ),
    ).toBe(0);
    const background = ledger.calls.filter((entry) => /task|later|Job/.test(entry));
    expect(new Set(background).size).toBe(background.length);

    await api.chat("My favourite tree is the pear", ann);
    await until("the learner goes on", () =>
      models.background.some(({ body }) => JSON.stringify(body).includes("the pear")),
    );
  });
});
