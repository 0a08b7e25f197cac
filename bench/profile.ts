// Where the time of the runtime, of the runtime that learns, of the same on Postgres, or of the server's proxy goes at 32
// chats at once.
//   node bench/profile.ts [runtime|learning|postgres|proxy] [seconds]
//
// Runs it from source with Node's profiler, so that names and lines are those of packages/, and prints the shares of
// its busy time by file group and by function, and what Postgres says of each statement. The profile itself can be opened
// in a browser's developer tools.
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { measureThroughput, warmUp } from "./load/measure.ts";
import { takeCores } from "./machine/cores.ts";
import { stopAll } from "./machine/programs.ts";
import { muxiProxy } from "./proxy/targets.ts";
import { openStage } from "./stage.ts";
import { muxi, muxiLearning, muxiPostgres, programOf, sourceOf, type Target } from "./targets.ts";

/** The parts of a .cpuprofile that are read here. */
interface Profile {
  /** Microseconds of the machine's monotonic clock. */
  startTime: number;
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

const microseconds = (): number => Number(process.hrtime.bigint() / 1000n);

const placeOf = ({ callFrame: { url, lineNumber } }: ProfileNode): string => {
  if (url === "") return "";
  const path = url.replace(/^.*\/(?=packages\/|node_modules\/)/, "");
  return `${path}:${lineNumber + 1}`;
};

const nameOf = (node: ProfileNode): string =>
  `${node.callFrame.functionName || "(anonymous)"} ${placeOf(node)}`.trim();

/** Folder of ours, package of others, or Node's own part. */
const groupOf = (node: ProfileNode): string => {
  const place = placeOf(node);
  if (place === "") return node.callFrame.functionName;
  const [, group] =
    /^(packages\/[^/]+\/src(?:\/[^/.]+)?|node_modules\/(?:@[^/]+\/)?[^/]+|node:[^/:]+(?:\/[^/:]+)?)/.exec(
      place,
    ) ?? [];
  return group ?? place;
};

interface Shares {
  self: Map<string, number>;
  total: Map<string, number>;
  groups: Map<string, number>;
  busy: number;
}

const sharesOf = (profile: Profile, from: number, to: number): Shares => {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  );
  const shares: Shares = { self: new Map(), total: new Map(), groups: new Map(), busy: 0 };
  const add = (map: Map<string, number>, key: string, time: number) =>
    map.set(key, (map.get(key) ?? 0) + time);

  let at = profile.startTime;
  profile.samples.forEach((id, index) => {
    const time = profile.timeDeltas[index + 1] ?? 0;
    at += profile.timeDeltas[index] ?? 0;
    const node = nodes.get(id);
    if (!node || at < from || at > to || node.callFrame.functionName === "(idle)") return;
    shares.busy += time;
    add(shares.self, nameOf(node), time);
    add(shares.groups, groupOf(node), time);
    const stack = new Set<string>();
    for (let frame: ProfileNode | undefined = node; frame; frame = nodes.get(parents.get(frame.id) ?? -1)) {
      stack.add(nameOf(frame));
    }
    for (const name of stack) add(shares.total, name, time);
  });
  return shares;
};

const print = (title: string, values: Map<string, number>, busy: number, count: number): void => {
  const lines = [...values]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => `| ${((100 * time) / busy).toFixed(1)} % | ${name} |`);
  process.stdout.write(`\n| ${title} | |\n| ---: | --- |\n${lines.join("\n")}\n`);
};

/** What Postgres says of the statements since it was last told to forget, the dearest first. */
const statements = `select calls, total_exec_time * 1000 as time, rows,
    (shared_blks_hit + shared_blks_read) / calls as blocks, regexp_replace(query, '\\s+', ' ', 'g') as text
  from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
  order by total_exec_time desc limit 25`;

const forget = async (client: Client): Promise<void> => {
  await client.query("create extension if not exists pg_stat_statements");
  await client.query("select pg_stat_statements_reset()");
};

const printStatements = async (client: Client, chats: number): Promise<void> => {
  const { rows } = await client.query(statements);
  const lines = rows.map(({ calls, time, rows: count, blocks, text }) => {
    const perChat = [calls / chats, time / chats].map((value) => value.toFixed(2));
    return `| ${[...perChat, (count / calls).toFixed(1), blocks, text.slice(0, 110)].join(" | ")} |`;
  });
  const head = "| calls a chat | µs a chat | rows a call | blocks a call | statement |";
  process.stdout.write(`\n${head}\n| ---: | ---: | ---: | ---: | --- |\n${lines.join("\n")}\n`);
};

const subjects = {
  runtime: { name: "runtime", target: muxi, model: "fake-model/server.ts" },
  learning: { name: "runtime", target: muxiLearning, model: "fake-model/server.ts" },
  postgres: {
    name: "runtime",
    target: { ...muxiPostgres, postgresSettings: ["shared_preload_libraries=pg_stat_statements"] },
    model: "fake-model/server.ts",
  },
  proxy: { name: "server", target: muxiProxy, model: "proxy/upstream.ts" },
} as const;

const [, , what = "runtime", secondsText = "10"] = process.argv;
if (what !== "runtime" && what !== "learning" && what !== "postgres" && what !== "proxy")
  throw new Error(`'${what}' is none of ${Object.keys(subjects).join(", ")}`);
const { name, target, model } = subjects[what];
process.once("SIGINT", () => void stopAll().finally(() => process.exit(130)));

const folder = mkdtempSync(join(tmpdir(), "muxi-profile-"));

/** The same program from its source, watched. */
const watched: Target = {
  ...target,
  program: async (ground) => {
    const program = await target.program(ground);
    const rest = program.args.slice(programOf(name).length);
    return { ...program, args: ["--cpu-prof", `--cpu-prof-dir=${folder}`, ...sourceOf(name), ...rest] };
  },
};

const modelFile = join(import.meta.dirname, model);
const stage = await openStage({ cores: takeCores(), modelFile, folder, patienceMs: 5_000 });
const started = await stage.start(watched, "watched");
await warmUp(started.subject);
const client = what === "postgres" ? new Client(started.subject.database) : undefined;
await client?.connect();
if (client) await forget(client);
const from = microseconds();
const { figures, problems } = await measureThroughput(started.subject, {
  connections: 32,
  seconds: Number(secondsText),
  stream: true,
});
const to = microseconds();
if (client) await printStatements(client, Number(figures.perSecond) * Number(secondsText));
await client?.end();
await started.stop();
await stage.close();

const file = readdirSync(folder).find((name) => name.endsWith(".cpuprofile"));
if (file === undefined) throw new Error(`the ${name} wrote no profile into ${folder}`);
const profile: Profile = JSON.parse(readFileSync(join(folder, file), "utf8"));
const { self, total, groups, busy } = sharesOf(profile, from, to);
process.stdout.write(`${JSON.stringify({ ...figures, problems })}\n${join(folder, file)}\n`);
print("self time by group", groups, busy, 30);
print("self time", self, busy, 45);
print("with what it calls", total, busy, 70);
