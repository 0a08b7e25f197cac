import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { bundle, manifestOf } from "./bundles.ts";
import { type CrashServer, createGround, type Deployed, inspect, startCrashServer } from "./crash-server.ts";

/** `npm run test:crash -w @muxi/server` runs a hundred. */
const rounds = Number(process.env.MUXI_CRASH_ROUNDS ?? 10);
const seed = Number(process.env.MUXI_CRASH_SEED ?? 5);
const id = "my-bot";

/** Mulberry32: the same numbers for the same seed. */
const createRandom = (start: number) => {
  let state = start;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
};

const kinds = ["deploy", "update", "rollback", "restart", "delete"] as const;

type Kind = (typeof kinds)[number];

interface Operation {
  kind: Kind;
  method: string;
  path: string;
  body?: Buffer;
  headers?: Record<string, string>;
  /** What is deployed once it has ended well. */
  after: Deployed | undefined;
  /** About how many steps it takes. A server that has taken them all is killed after its answer. */
  steps: number;
  stages: readonly string[];
}

const formation = `/rpc/formations/${id}`;
const checking = ["extracting", "validating", "resolving_runtime"];
const switching = ["health_check", "swapping", "stopping_old"];

const send = async (version: string) => ({
  body: await bundle({ manifest: manifestOf(id, version) }),
  headers: { "x-formation-id": id, "x-formation-version": version, "content-type": "application/gzip" },
});

const operationOn = async (
  kind: Kind,
  deployed: Deployed | undefined,
  version: string,
): Promise<Operation> => {
  const { current = "", previous = "" } = deployed ?? {};
  switch (kind) {
    case "deploy":
      return {
        ...{ kind, method: "POST", path: "/rpc/formations", ...(await send(version)), steps: 105 },
        ...{ after: { current: version }, stages: [...checking, "spawning", "health_check"] },
      };
    case "update":
      return {
        ...{ kind, method: "PUT", path: formation, ...(await send(version)), steps: 112 },
        ...{ after: { current: version, previous: current } },
        stages: [...checking, "spawning_staging", ...switching],
      };
    case "rollback":
      return {
        ...{ kind, method: "POST", path: `${formation}/rollback`, steps: 55 },
        ...{ after: { current: previous, previous: current } },
        stages: ["validating", "spawning_previous", ...switching],
      };
    case "restart":
      return {
        ...{ kind, method: "POST", path: `${formation}/restart`, steps: 45, after: deployed },
        stages: ["spawning", "health_check", "stopping"],
      };
    case "delete":
      return { kind, method: "DELETE", path: formation, steps: 50, after: undefined, stages: [] };
  }
};

/** What has to be done before an operation of this kind can be. */
const neededFor = (kind: Kind, deployed: Deployed | undefined): Kind | undefined => {
  if (kind === "deploy") return deployed && "delete";
  if (!deployed) return "deploy";
  return kind === "rollback" && deployed.previous === undefined ? "update" : undefined;
};

/** Follows the progress of an operation. True when it was told to have ended well. */
const perform = async (
  { url }: CrashServer,
  { method, path, body, headers }: Operation,
  onStage: (stage: string) => void,
): Promise<boolean> => {
  let text = "";
  try {
    const response = await fetch(url + path, {
      method,
      headers: { accept: "text/event-stream", ...headers },
      ...(body && { body: new Uint8Array(body) }),
    });
    const told = new Set<string>();
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (const [, stage = ""] of text.matchAll(/"stage":"(\w+)"/g)) {
        if (told.has(stage)) continue;
        told.add(stage);
        onStage(stage);
      }
    }
  } catch {
    return false; // The server is gone, which is what this is about.
  }
  expect(text, text).not.toMatch(/event: error|"error"/);
  return /event: complete\n|deleted successfully/.test(text);
};

it(`is whole again after each of ${rounds} kill -9 in the middle of its work`, {
  timeout: 60_000 + rounds * 20_000,
}, async () => {
  const ground = await createGround();
  const random = createRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[random(items.length)];
  let server = await startCrashServer(ground);
  let deployed: Deployed | undefined;
  const trail: string[] = [];
  let versions = 0;

  for (let round = 1; round <= rounds; round += 1) {
    const kind = kinds[round % kinds.length] ?? "update";
    for (let needed = neededFor(kind, deployed); needed; needed = neededFor(kind, deployed)) {
      versions += 1;
      const preparation = await operationOn(needed, deployed, `1.0.${versions}`);
      expect(await perform(server, preparation, () => undefined)).toBe(true);
      deployed = preparation.after;
    }
    versions += 1;
    const operation = await operationOn(kind, deployed, `1.0.${versions}`);
    const fatal = pick(operation.stages);
    // Half of the time at a step of the server's own, else a moment after it has told of a stage.
    const steps = fatal === undefined || random(2) === 0 ? 1 + random(operation.steps) : undefined;
    const pause = random(60);
    trail.push(`${round} ${kind} ${steps === undefined ? `${fatal} + ${pause} ms` : `step ${steps}`}`);
    if (steps !== undefined) await server.dieAfter(steps);
    const { child } = server;
    const acknowledged = await perform(server, operation, (stage) => {
      if (steps === undefined && stage === fatal) void delay(pause).then(() => child.kill("SIGKILL"));
    });
    child.kill("SIGKILL");
    await server.ended;

    server = await startCrashServer(ground);
    const found = await inspect(server, id).catch((error: unknown) => {
      throw new Error(
        `after ${trail.slice(-3).join(", ")}: ${error instanceof Error ? error.message : error}`,
        {
          cause: error,
        },
      );
    });
    trail.push(`acknowledged ${acknowledged}, found ${found?.current ?? "nothing"}`);
    const { after } = operation;
    expect(acknowledged ? [after] : [deployed, after], trail.slice(-3).join(", ")).toContainEqual(found);
    deployed = found;
  }
  if (process.env.MUXI_CRASH_ROUNDS) process.stdout.write(`${trail.join("\n")}\n`);
});
