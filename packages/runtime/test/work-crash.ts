import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { until } from "../../../test/until.ts";
import type { Api } from "./harness.ts";
import { type ReceivedRequest, type Reply, startModelServer } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { readAsked, type Started, seeded, startBuilt, startLedger, writeTestFormation } from "./processes.ts";

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

/** Milliseconds of work before a kill, at most. */
const longestLife = 1_000;
/** Requests at the same time. */
const strollers = 6;
/** Milliseconds; more than many kills in a row take. */
const patience = 240_000;

const call = (name: string, args: object): Reply => ({
  text: [],
  toolCalls: [{ id: "c1", name, arguments: [JSON.stringify(args)] }],
});

/** The results of tools in a request of the model, as one text. */
const resultsIn = ({ body }: ReceivedRequest): string => {
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  const { messages } = body as any;
  return messages
    .filter(({ role }: { role: string }) => role === "tool")
    .map(({ content }: { content: unknown }) => JSON.stringify(content))
    .join();
};

/** A model that follows the procedure, and notes what it was told and what it was made to do again. */
const scripted = () => {
  const noted = new Set<string>();
  const forgotten: string[] = [];
  const uncertain = new Set<string>();
  const reply = (request: ReceivedRequest): Reply => {
    const { asked } = readAsked(request);
    const [stroll = ""] = /Stroll \d+/.exec(JSON.stringify(request.body)) ?? [];
    const entry = `${stroll}: ${asked}`;
    const results = resultsIn(request);
    if (results.includes("is not known")) uncertain.add(entry);
    if (results.includes("Noted")) noted.add(entry);
    else if (noted.has(entry)) forgotten.push(entry);
    if (results !== "") return { text: [`${asked} (${stroll})`] };
    if (asked === "Ask the way") return call("ask_user", { question: "Left or right?" });
    return call(asked === "Pay the toll" ? "booth__note" : "ledger__note", { entry });
  };
  return { reply, noted, forgotten, uncertain };
};

/** Answers whatever a request waits for until it has ended, whichever processes are killed meanwhile. */
const accompany = async (api: () => Api, number: number): Promise<string> => {
  const id = `req_stroll${number}`;
  const headers = { "X-Muxi-Idempotency-Key": id };
  const body = { message: `Stroll ${number}`, request_id: id, session_id: `stroll${number}`, mode: "async" };
  // What breaks off with a process is sent to the next one.
  const reach = (send: (api: Api) => ReturnType<Api["call"]>) =>
    send(api()).catch((error) => {
      if (!(error instanceof TypeError)) throw error;
      return undefined;
    });
  await until(
    `stroll ${number} is accepted`,
    async () => {
      const answer = await reach((one) => one.call("POST", "/chat", { user, headers, body }));
      if (answer) expect([answer.status, answer.body.data?.request_id]).toEqual([202, id]);
      return answer;
    },
    patience,
  );
  return until(
    `stroll ${number} has ended`,
    async () => {
      const read = await reach((one) => one.get(`/requests/${id}`, { user }));
      const { status, interrupt } = read?.body.data ?? {};
      if (status === "awaiting_clarification") {
        const given =
          interrupt.kind === "approval" ? { action: "approve" } : { action: "answer", value: "left" };
        const answer = { interrupt_id: interrupt.id, ...given };
        const told = await reach((one) => one.call("POST", `/requests/${id}/answer`, { user, body: answer }));
        if (told) expect([202, 409]).toContain(told.status);
      }
      await sleep(20);
      return ["completed", "failed", "cancelled"].includes(status) ? String(status) : undefined;
    },
    patience,
  );
};

/**
 * Kills the processes of a formation again and again while procedures are carried out that ask for approvals and
 * answers: one process on SQLite, one of two on Postgres. Each must end, with nothing done twice that was done.
 */
export const crashWork = async (kills: number, seed: number): Promise<string> => {
  const random = seeded(seed);
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const ledger = await startLedger(() => sleep(random() * 60));
  const { reply, noted, forgotten, uncertain } = scripted();
  models.defaultReply = (request) => ({ ...reply(request), before: sleep(random() * 30) });
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

  let isOver = false;
  let begun = 0;
  const ends: string[] = [];
  const strolling = Array.from({ length: strollers }, async () => {
    while (!isOver) ends.push(await accompany(() => at(pick()).api, ++begun));
  });
  for (let kill = 0; kill < kills; kill++) {
    await sleep(random() * longestLife);
    const index = pick();
    await at(index).crash();
    running[index] = await startBuilt(dir);
  }
  isOver = true;
  await Promise.all(strolling);

  expect(ends.filter((end) => end !== "completed")).toEqual([]);
  expect(forgotten).toEqual([]);
  const counts = new Map<string, number>();
  for (const entry of ledger.calls) counts.set(entry, (counts.get(entry) ?? 0) + 1);
  for (let number = 1; number <= begun; number++) {
    const toll = `Stroll ${number}: Pay the toll`;
    // A call that was under way is not made again: it may have been made or not.
    expect([toll, uncertain.has(toll) ? 1 : (counts.get(toll) ?? 0)]).toEqual([toll, 1]);
    expect(counts.get(toll) ?? 0).toBeLessThanOrEqual(1);
    for (const step of ["Note the start", "Note the weather", "Note the end"])
      expect(noted).toContain(`Stroll ${number}: ${step}`);
    const { body } = await at(0).api.get(`/sessions/stroll${number}/messages`, { user });
    expect(body.data.messages.map(({ content }: { content: string }) => content)).toEqual([
      `Stroll ${number}`,
      `May I call booth__note with {"entry":"${toll}"}?`,
      "Left or right?",
      "left",
      `Note the end (Stroll ${number})`,
    ]);
  }
  const repeated = ledger.calls.length - counts.size;
  await Promise.all(running.map(({ crash }) => crash()));
  return (
    `${kills} kills (seed ${seed}): ${begun} procedures with an approval and a question each, all carried out; ` +
    `${uncertain.size} approved calls under way were not made again, ${repeated} others were`
  );
};
