import { join } from "node:path";
import { runBench } from "./command.ts";
import type { Aim } from "./report.ts";
import { scenarios } from "./scenarios.ts";
import { peerFolders, targets } from "./targets.ts";

const aims: readonly Aim[] = [
  {
    text: "chats/s at 32 at once, part of lean's",
    target: "muxi",
    scenario: "c32",
    figure: "perSecond",
    ofBase: true,
    least: 0.5,
  },
  {
    text: "the same with memory, recall and extraction on",
    target: "muxi-learning",
    scenario: "c32",
    figure: "perSecond",
    ofBase: true,
    least: 0.5,
  },
  { text: "first token p50 direct, ms", target: "muxi", scenario: "latency", figure: "firstP50", most: 2 },
  {
    text: "first token p50 through the server, ms",
    target: "muxi-server",
    scenario: "latency",
    figure: "firstP50",
    most: 3,
  },
  {
    text: "chats/s at 32 at once, times the best peer's (mastra)",
    target: "muxi",
    scenario: "c32",
    figure: "perSecond",
    times: "mastra",
    least: 20,
  },
  { text: "KB per open stream", target: "muxi", scenario: "streams1000", figure: "kbPerStream", most: 20 },
  {
    text: "recall by words and vectors of 100,000 memories, p99, ms",
    target: "muxi",
    scenario: "recall",
    figure: "bothP99",
    most: 20,
  },
  {
    text: "the same on Postgres, p99, ms",
    target: "muxi-postgres",
    scenario: "recall",
    figure: "bothP99",
    most: 20,
  },
  {
    text: "one session: the 1,000th turn beside the 10th",
    target: "muxi-learning",
    scenario: "growth",
    figure: "growth",
    most: 1.2,
  },
  {
    text: "soak: memory after 100,000 chats beside that after 40,000",
    target: "muxi-learning",
    scenario: "soak",
    figure: "grown",
    most: 1.05,
  },
  { text: "start, ms", target: "muxi", scenario: "start", figure: "startMs", most: 400 },
  { text: "idle memory, MB", target: "muxi", scenario: "start", figure: "idleMb", most: 80 },
];

await runBench({
  command: "npm run bench",
  about: "Measures MUXI beside plain peers, all against one fake model, in about twenty minutes.",
  modelFile: join(import.meta.dirname, "fake-model/server.ts"),
  targets,
  scenarios,
  comparison: { base: "lean", aims },
  peerFolders,
});
