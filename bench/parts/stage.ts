import { type ChildProcess, fork, spawn } from "node:child_process";
import { once as nextEvent } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { once } from "../load/connection.ts";
import { freePort } from "../machine/programs.ts";
import type { Load } from "./load.ts";

/** The fake model and a load generator, each in a process of its own. */
export interface Stage {
  modelPort: number;
  /** Sets how many tokens each answer of the model has. They are all sent at once, each in a chunk of its own. */
  tokens(count: number): Promise<void>;
  /** Sends the requests of a load; resolves when all are answered. */
  load(load: Load): Promise<void>;
  close(): Promise<void>;
}

/** A chat as the fake model takes it. */
export const chatBody = (stream: boolean) => ({
  model: "fake",
  stream,
  messages: [{ role: "user", content: "Say something short." }],
});

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

const healthyWithin = 10_000;

const untilHealthy = async (port: number): Promise<void> => {
  const end = performance.now() + healthyWithin;
  for (;;) {
    try {
      await once(port, { method: "GET", path: "/health" });
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(50);
    }
  }
};

export const openStage = async (): Promise<Stage> => {
  const modelPort = await freePort();
  const program = join(import.meta.dirname, "../fake-model/server.ts");
  const model = spawn(process.execPath, [program, String(modelPort)], { stdio: "ignore" });
  const generator = fork(join(import.meta.dirname, "load.ts"), { execArgv: ["--no-warnings"] });
  for (const child of [model, generator]) children.add(child);
  await untilHealthy(modelPort);
  return {
    modelPort,
    async tokens(count) {
      await once(modelPort, { method: "POST", path: `/pace?tokens=${count}&delay=0` });
    },
    async load(load) {
      const answer = nextEvent(generator, "message");
      generator.send(load);
      const [{ done, reason }] = await answer;
      if (!done) throw new Error(reason);
    },
    async close() {
      for (const child of [model, generator]) {
        const ended = nextEvent(child, "exit");
        child.kill();
        await ended;
        children.delete(child);
      }
    },
  };
};
