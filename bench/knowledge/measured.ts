import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chat } from "../load/chat.ts";
import { once as ask, Connection } from "../load/connection.ts";
import { quantile, sorted } from "../load/figures.ts";
import { usageOf } from "../machine/usage.ts";
import { pdfOf, wordsFrom } from "./corpus.ts";

export interface Ground {
  engine: "SQLite" | "Postgres";
  /** Of this engine's formation. */
  folder: string;
  /** What all formations know. */
  documents: string;
  modelPort: number;
  /** Address of the Postgres, for the formation on it. */
  postgres: string | undefined;
}

/** A formation whose documents are indexed, and is measured. */
export interface Measured {
  engine: Ground["engine"];
  /** Rows of the table: what, and how much. */
  rows: [what: string, value: number][];
  measure(pages: number): Promise<void>;
  stop(): void;
}

const atOnce = 32;
const secondsOfLoad = 10;
const secondsOfTurn = 2;
const turns = 4;
const tokenEveryMs = 10;

const manifestOf = ({ modelPort, postgres }: Ground, database: string) => `schema: "1.0.0"
id: bench
description: Is asked about its documents
llm:
  settings: { base_url: "http://127.0.0.1:${modelPort}/v1" }
  models: [{ text: openai/fake, api_key: none }]
memory:
  persistent:
    extraction: false
    connection_string: ${postgres ?? database}
agents:
  - { id: plain, name: Plain, description: Knows nothing }
  - id: knowing
    name: Knowing
    description: Knows the documents
    knowledge:
      chunking: { strategy: paragraph }
      sources: [{ path: docs, file_limit: 100000 }]
  - id: reading
    name: Reading
    description: Knows a book
    knowledge: { max_file_size: 100000000, sources: [{ path: books }] }
`;

/** Starts a formation and waits until its documents are indexed. */
export const startMeasured = async (ground: Ground): Promise<Measured> => {
  const { engine, folder, documents, postgres } = ground;
  const file = join(folder, "bench.db");
  mkdirSync(join(folder, "books"), { recursive: true });
  cpSync(documents, join(folder, "docs"), { recursive: true });
  writeFileSync(join(folder, "formation.afs"), manifestOf(ground, `sqlite:///${file}`));
  const program = join(import.meta.dirname, "formation.ts");
  const child: ChildProcess = fork(program, [folder, postgres ?? file], {
    execArgv: ["--conditions=muxi-source", "--no-warnings"],
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const pid = child.pid ?? 0;
  const rows: Measured["rows"] = [];
  const memory = () => usageOf(pid, true).memoryMb;
  const admin = { "X-Muxi-Admin-Key": "admin" };

  const begun = performance.now();
  const before = memory();
  let most = before;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/knowledge`, { headers: admin });
    const { data } = (await response.json()) as { data: { agents: { state: string; passages: number }[] } };
    most = Math.max(most, memory());
    if (data.agents.every(({ state }) => state === "ready")) {
      rows.push(["passages", Math.max(...data.agents.map(({ passages }) => passages))]);
      break;
    }
    await sleep(200);
  }
  rows.push(
    ["to index them, s (both engines at once)", (performance.now() - begun) / 1000],
    ["CPU of that, of the formation's own process, s", usageOf(pid, true).cpuMs / 1000],
    ["memory before, MB", before],
    ["memory at most meanwhile, MB", most],
  );

  let chats = 0;
  const words = wordsFrom(4);
  const request = (agent: string) => ({
    method: "POST" as const,
    path: "/v1/chat",
    headers: { "X-Muxi-Client-Key": "client", "X-Muxi-User-ID": `u${chats % 500}` },
    body: { message: `${words(8)}?`, agent_id: agent, session_id: `s${chats++}` },
  });
  const setPace = (tokens: number, delay: number) =>
    ask(ground.modelPort, { method: "POST", path: `/pace?tokens=${tokens}&delay=${delay}` });

  /** Chats of an agent, each after the last one on its connection, for some seconds; their number. */
  const load = async (agent: string, seconds: number, connections: number): Promise<number> => {
    const until = performance.now() + seconds * 1000;
    let answered = 0;
    const work = async () => {
      const connection = new Connection(port);
      while (performance.now() < until) {
        await connection.open();
        const { problem } = await chat(connection, request(agent));
        if (problem !== "") throw new Error(`a chat of ${agent} failed: ${problem}`);
        answered += 1;
      }
      connection.close();
    };
    await Promise.all(Array.from({ length: connections }, work));
    return answered;
  };

  const measureChats = async () => {
    await setPace(10, 0);
    await load("knowing", secondsOfTurn, 8);
    const spent = { plain: 0, knowing: 0 };
    const answered = { plain: 0, knowing: 0 };
    for (let turn = 0; turn < turns; turn++) {
      for (const agent of ["plain", "knowing"] as const) {
        const start = usageOf(pid, true).cpuMs;
        answered[agent] += await load(agent, secondsOfTurn, 8);
        spent[agent] += usageOf(pid, true).cpuMs - start;
      }
    }
    const plain = spent.plain / answered.plain;
    const knowing = spent.knowing / answered.knowing;
    rows.push(
      ["CPU of a chat without knowledge, ms", plain],
      ["CPU of a chat with it, ms", knowing],
      ["more, ms", knowing - plain],
    );
  };

  const measureSearches = async () => {
    const answered = once(child, "message") as Promise<[{ times: number[] }]>;
    child.send({ seconds: secondsOfLoad });
    const count = await load("plain", secondsOfLoad, atOnce);
    const [{ times }] = await answered;
    const all = sorted(times);
    rows.push(
      [`chats/s meanwhile, ${atOnce} at once`, count / secondsOfLoad],
      ["search p50, ms", quantile(all, 0.5)],
      ["search p99, ms", quantile(all, 0.99)],
    );
  };

  /** Longest and 99th longest times between tokens of a stream while something is done. */
  const gapsDuring = async (work: () => Promise<unknown>) => {
    await setPace(100_000, tokenEveryMs);
    const connection = new Connection(port);
    await connection.open();
    const gaps: number[] = [];
    let previous = 0;
    const onToken = (_: number, at: number) => {
      if (previous > 0) gaps.push(at - previous);
      previous = at;
    };
    // It is cut off when the work is done.
    void chat(connection, request("plain"), { timeoutMs: 600_000, onToken });
    await sleep(500);
    await work();
    connection.close();
    const all = sorted(gaps);
    return { most: all.at(-1) ?? Number.NaN, p99: quantile(all, 0.99) };
  };

  const measureBook = async (pages: number) => {
    const calm = await gapsDuring(() => sleep(3_000));
    writeFileSync(join(folder, "books/book.pdf"), pdfOf(pages));
    const [all, own] = [usageOf(pid).cpuMs, usageOf(pid, true).cpuMs];
    let passages = 0;
    const start = performance.now();
    const busy = await gapsDuring(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/agents/reading/knowledge/sync`, {
        method: "POST",
        headers: admin,
      });
      const { data } = (await response.json()) as { data: { results: { passages: number }[] } };
      passages = data.results[0]?.passages ?? 0;
    });
    rows.push(
      [`passages of a PDF of ${pages} pages`, passages],
      ["to index it, s", (performance.now() - start) / 1000],
      ["CPU of that, s", (usageOf(pid).cpuMs - all) / 1000],
      ["of it in the formation's own process, s", (usageOf(pid, true).cpuMs - own) / 1000],
      ["longest gap of a stream meanwhile, ms", busy.most],
      ["its p99, ms", busy.p99],
      ["longest gap without it, ms", calm.most],
      ["memory at the end, MB", memory()],
    );
  };

  return {
    engine,
    rows,
    async measure(pages) {
      await measureChats();
      await measureSearches();
      await measureBook(pages);
    },
    stop() {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
