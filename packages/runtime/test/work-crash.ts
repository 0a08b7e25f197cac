import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { until } from "../../../test/until.ts";
import type { Api } from "./harness.ts";
import { type ReceivedRequest, type Reply, startModelServer, writtenIn } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { type Started, seeded, startBuilt, startLedger, writeTestFormation } from "./processes.ts";

const user = "ann";

/** Two steps at once, a call that needs a yes, a question, and a last step. */
const stroll = `---
type: sop
name: Stroll
synthesis: false
---
## Steps
1. Note the start [parallel]
2. Note the weather [parallel]
3. Pay the toll
4. Ask the way
5. Note the end
`;

/** The calls of the second name need a yes. */
const tollBooth = (url: string) => `id: booth
description: Takes the toll
type: http
endpoint: ${url}
tools: { approval: always }
`;

/** What the planner makes of a trek: two tasks that need the first one. */
const trek = {
  tasks: [
    ["path", []],
    ["hills", ["path"]],
    ["lake", ["path"]],
  ].map(([id, dependencies]) => ({
    id,
    title: `The ${id}`,
    description: `Note the ${id}`,
    required_capabilities: [],
    dependencies,
    estimated_complexity: 5,
    agent_id: "",
  })),
  introduction: "This way.",
  question: "Shall we?",
  wants_approval: true,
};

/** Calls of the model and of tools before a kill, at most: on a busy machine as much is done between two kills as on an idle one. */
const mostCalls = 30;
/** Milliseconds from the last of them to the kill, at most: it may come in the middle of what they lead to. */
const longestDelay = 100;
/** Walks at the same time. */
const walkers = 6;
/** Milliseconds for all there is to do with so many kills. */
export const timeFor = (kills: number): number => 90_000 + kills * 10_000;

const call = (name: string, args: object): Reply => ({
  text: [],
  toolCalls: [{ id: "c1", name, arguments: [JSON.stringify(args)] }],
});

/** What a request of the model asks, what it is a part of, and the results of tools that came behind it, as one text. */
const readIn = ({ body }: ReceivedRequest) => {
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  const { messages, response_format } = body as any;
  const last = messages.findLastIndex(({ role }: { role: string }) => role === "user");
  const asked = writtenIn(messages[last].content);
  const results = messages.slice(last).filter(({ role }: { role: string }) => role === "tool");
  const [walk = ""] = /(?:Stroll|Trek) \d+/.exec(messages[last].content) ?? [];
  return {
    asked,
    entry: walk === "" || asked.startsWith(walk) ? asked : `${walk}: ${asked}`,
    results: results.map(({ content }: { content: unknown }) => JSON.stringify(content)).join(),
    isPlanning: JSON.stringify(response_format ?? "").includes('"tasks"'),
  };
};

/** A model that plays its parts, and notes what it was told and what it was made to do again. */
const scripted = () => {
  const noted = new Set<string>();
  const forgotten: string[] = [];
  const uncertain = new Set<string>();
  const reply = (request: ReceivedRequest): Reply => {
    const { asked, entry, results, isPlanning } = readIn(request);
    if (isPlanning) return { text: [JSON.stringify(trek)] };
    if (results.includes("is not known")) uncertain.add(entry);
    if (results.includes("Noted")) noted.add(entry);
    else if (noted.has(entry)) forgotten.push(entry);
    if (results !== "" || asked.startsWith("Trek")) return { text: [`Done: ${entry}`] };
    if (asked === "Ask the way") return call("ask_user", { question: "Left or right?" });
    return call(asked === "Pay the toll" ? "booth__note" : "ledger__note", { entry });
  };
  return { reply, noted, forgotten, uncertain };
};

/** What a walk is done with. */
interface Company {
  /** A process, each time perhaps another one. */
  api(): Api;
  /** Aborted when another walk has failed. */
  signal: AbortSignal;
  /** Milliseconds that are left for all walks, whatever is killed meanwhile. */
  timeLeft(): number;
}

/** Sends a message, and answers whatever it waits for until it has ended, whichever processes are killed meanwhile. */
const accompany = async (
  { api, signal, timeLeft }: Company,
  message: string,
  session_id: string,
): Promise<string> => {
  const id = `req_${message.split(":")[0]?.replaceAll(/\W/g, "_")}`;
  const headers = { "X-Muxi-Idempotency-Key": id };
  const body = { message, request_id: id, session_id, mode: "async" };
  // What breaks off with a process is sent to the next one.
  const reach = (send: (api: Api) => ReturnType<Api["call"]>) => {
    signal.throwIfAborted();
    return send(api()).catch((error) => {
      if (!(error instanceof TypeError)) throw error;
      return undefined;
    });
  };
  await until(
    `"${message}" is accepted`,
    async () => {
      const answer = await reach((one) => one.call("POST", "/chat", { user, headers, body }));
      if (answer) expect([answer.status, answer.body.data?.request_id]).toEqual([202, id]);
      return answer;
    },
    timeLeft(),
  );
  return until(
    `"${message}" has ended`,
    async () => {
      const read = await reach((one) => one.get(`/requests/${id}`, { user }));
      const { status, interrupt } = read?.body.data ?? {};
      if (status === "awaiting_clarification") {
        const given =
          interrupt.kind === "question" ? { action: "answer", value: "left" } : { action: "approve" };
        const answer = { interrupt_id: interrupt.id, ...given };
        const told = await reach((one) => one.call("POST", `/requests/${id}/answer`, { user, body: answer }));
        if (told) expect([202, 409]).toContain(told.status);
      }
      await sleep(20);
      return ["completed", "failed", "cancelled"].includes(status) ? String(status) : undefined;
    },
    timeLeft(),
  );
};

const report = "Write a comprehensive report";
const queued = [1, 2, 3];

/** The walks in turn: a procedure, a plan, and messages that wait for one another in a session. */
const walk = async (company: Company, number: number): Promise<string[]> => {
  const session = `walk${number}`;
  if (number % 3 === 0) return [await accompany(company, `Stroll ${number}`, session)];
  if (number % 3 === 1) return [await accompany(company, `Trek ${number}: ${report}`, session)];
  return Promise.all(queued.map((place) => accompany(company, `Line ${number}.${place}`, session)));
};

/** What the session of a walk must say at its end, and what must have been noted for it. */
const expectedOf = (number: number) => {
  if (number % 3 === 0) {
    const name = `Stroll ${number}`;
    return {
      said: [
        name,
        `May I call booth__note with {"entry":"${name}: Pay the toll"}?`,
        "Left or right?",
        "left",
        `Done: ${name}: Note the end`,
      ],
      notes: ["start", "weather", "end"].map((step) => `${name}: Note the ${step}`),
    };
  }
  if (number % 3 === 1) {
    const name = `Trek ${number}`;
    return {
      said: [`${name}: ${report}`, expect.stringContaining("Shall we?"), `Done: ${name}: ${report}`],
      notes: trek.tasks.map(({ description }) => `${name}: ${description}`),
    };
  }
  const lines = queued.map((place) => `Line ${number}.${place}`);
  return { said: expect.arrayContaining(lines.flatMap((line) => [line, `Done: ${line}`])), notes: lines };
};

/**
 * Kills the processes of a formation again and again while procedures ask for approvals and answers, plans are
 * approved and carried out, and messages wait for one another: one process on SQLite, one of two on Postgres. Each must end, with nothing done twice that was done.
 */
export const crashWork = async (kills: number, seed: number): Promise<string> => {
  const random = seeded(seed);
  const models = await startModelServer();
  onTestFinished(() => models.close());
  let calls = 0;
  const ledger = await startLedger(() => {
    calls += 1;
    return sleep(random() * 60);
  });
  const { reply, noted, forgotten, uncertain } = scripted();
  models.defaultReply = (request) => {
    calls += 1;
    return { ...reply(request), before: sleep(random() * 30) };
  };
  const dir = await writeTestFormation(models.url, {
    toolUrl: ledger.url,
    ...(onPostgres && { database: await createSchema() }),
    more: "overlord: { clarification: {} }",
    files: { "sops/stroll.md": stroll, "mcp/booth.afs": tollBooth(ledger.url) },
  });

  const running: Started[] = [];
  for (let index = 0; index < (onPostgres ? 2 : 1); index++) running.push(await startBuilt(dir));
  const pick = () => Math.floor(random() * running.length);
  const at = (index: number): Started => {
    const started = running[index];
    if (!started) throw new Error(`there is no process ${index}`);
    return started;
  };

  const failed = new AbortController();
  const deadline = performance.now() + timeFor(kills);
  const timeLeft = () => deadline - performance.now();
  const company: Company = { api: () => at(pick()).api, signal: failed.signal, timeLeft };
  let isOver = false;
  let begun = 0;
  const ends: string[] = [];
  const keepWalking = async () => {
    while (!isOver) ends.push(...(await walk(company, ++begun)));
  };
  const keepKilling = async () => {
    for (let kill = 1; kill <= kills; kill++) {
      const enough = calls + random() * mostCalls;
      const isEnough = () => {
        failed.signal.throwIfAborted();
        return calls >= enough;
      };
      await until(`enough is done for kill ${kill}`, isEnough, timeLeft());
      await sleep(random() * longestDelay);
      const index = pick();
      await at(index).crash();
      running[index] = await startBuilt(dir);
    }
    isOver = true;
  };
  const work = [keepKilling(), ...Array.from({ length: walkers }, keepWalking)];
  // The first that fails ends the others, before the test takes away what they use.
  for (const each of work) each.catch((error) => failed.abort(error));
  await Promise.allSettled(work);
  await Promise.all(work);

  expect(ends.filter((end) => end !== "completed")).toEqual([]);
  expect(forgotten).toEqual([]);
  const counts = new Map<string, number>();
  for (const entry of ledger.calls) counts.set(entry, (counts.get(entry) ?? 0) + 1);
  for (let number = 1; number <= begun; number++) {
    const { said, notes } = expectedOf(number);
    expect([...noted]).toEqual(expect.arrayContaining(notes));
    const { body } = await at(0).api.get(`/sessions/walk${number}/messages`, { user });
    const messages = body.data.messages.map(({ content }: { content: string }) => content);
    expect(messages).toEqual(said);
    expect(new Set(messages).size).toBe(messages.length);
    if (number % 3 !== 0) continue;
    const toll = `Stroll ${number}: Pay the toll`;
    // A call that was under way is not made again: it may have been made or not.
    expect([toll, uncertain.has(toll) ? 1 : (counts.get(toll) ?? 0)]).toEqual([toll, 1]);
    expect(counts.get(toll) ?? 0).toBeLessThanOrEqual(1);
  }
  const repeated = ledger.calls.length - counts.size;
  await Promise.all(running.map(({ crash }) => crash()));
  return (
    `${kills} kills (seed ${seed}), ${calls} calls: ${begun} walks (procedures with an approval and a question, approved plans, three queued messages), all done; ` +
    `${uncertain.size} approved calls under way were not made again, ${repeated} others were`
  );
};
