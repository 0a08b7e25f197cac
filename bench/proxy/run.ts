import { join } from "node:path";
import { runBench } from "../command.ts";
import type { Aim } from "../report.ts";
import { proxyScenarios } from "./scenarios.ts";
import { proxyTargets } from "./targets.ts";

const aims: readonly Aim[] = [
  {
    text: "CPU per stream of 10 tokens, times nginx",
    target: "muxi",
    scenario: "c32",
    figure: "cpuMsPerChat",
    ofBase: true,
    most: 2,
  },
  {
    text: "CPU per JSON answer, times nginx",
    target: "muxi",
    scenario: "plain32",
    figure: "cpuMsPerChat",
    ofBase: true,
    most: 2,
  },
  {
    text: "added to the first token p50, ms",
    target: "muxi",
    scenario: "latency",
    figure: "firstP50",
    over: "direct",
    most: 1,
  },
  { text: "KB per open stream", target: "muxi", scenario: "streams1000", figure: "kbPerStream", most: 20 },
];

await runBench({
  command: "npm run bench:proxy",
  about: "Measures the server as a proxy beside nginx, both before one upstream, in about three minutes.",
  modelFile: join(import.meta.dirname, "upstream.ts"),
  targets: proxyTargets,
  scenarios: proxyScenarios,
  comparison: { base: "nginx", aims },
  peerFolders: [],
});
