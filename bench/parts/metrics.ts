import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMetrics } from "../../packages/server/src/metrics/index.ts";
import { type Contender, cpuOf, type Part } from "./part.ts";

const formations = Array.from({ length: 100 }, (_, index) => `formation-${index}`);
const requests = 20_000;
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const exposition = join(import.meta.dirname, "../../packages/server/src/metrics/exposition.ts");

/** The same metrics of requests, by prom-client. */
const createTheirs = () => {
  const registry = new Registry();
  const labelNames = ["formation", "way"] as const;
  const common = { help: "help", registers: [registry], labelNames };
  const total = new Counter({
    ...common,
    name: "muxi_requests_total",
    labelNames: [...labelNames, "status"],
  });
  const errors = new Counter({ ...common, name: "muxi_request_errors_total" });
  const start = new Histogram({ ...common, name: "muxi_response_start_seconds", buckets });
  const duration = new Histogram({ ...common, name: "muxi_request_duration_seconds", buckets });
  const open = new Gauge({ ...common, name: "muxi_open_streams" });
  return {
    registry,
    /** Metrics with their labels bound once for each formation, which is prom-client's quickest way. */
    begin(formation: string) {
      const labels = { formation, way: "api" };
      const bound = {
        total: total.labels({ ...labels, status: "2xx" }),
        errors: errors.labels(labels),
        start: start.labels(labels),
        duration: duration.labels(labels),
        open: open.labels(labels),
      };
      bound.errors.inc(0);
      return () => {
        const startedAt = performance.now();
        bound.start.observe((performance.now() - startedAt) / 1000);
        bound.open.inc();
        bound.total.inc();
        bound.duration.observe((performance.now() - startedAt) / 1000);
        bound.open.dec();
      };
    },
  };
};

/** What a module takes in a process of its own, beside an empty one: megabytes. */
const memoryOf = (module: string, empty: string): number => {
  const script = `await import(${JSON.stringify(empty)}); global.gc(); const before = process.memoryUsage().rss; await import(${JSON.stringify(module)});
    global.gc(); console.log((process.memoryUsage().rss - before) / 1e6)`;
  const args = ["--expose-gc", "--input-type=module", "-e", script];
  return Number(execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: "utf8" }));
};

export const metrics: Part = {
  name: "metrics",
  page: "metrics-and-otlp.md",
  open() {
    const folder = mkdtempSync(join(tmpdir(), "muxi-bench-"));
    const [own, empty] = [join(folder, "exposition.mjs"), join(folder, "empty.mjs")];
    // Without its types: to strip them takes more memory than all the rest.
    writeFileSync(own, stripTypeScriptTypes(readFileSync(exposition, "utf8")));
    writeFileSync(empty, "");
    const ours = createMetrics(() => []);
    const theirs = createTheirs();
    const measureTheirs = formations.map((formation) => theirs.begin(formation));
    const request: Contender[] = [
      {
        name: "ours",
        sample: cpuOf(() => {
          for (let index = 0; index < requests; index++) {
            const measurement = ours.begin(formations[index % formations.length] ?? "", "api");
            measurement.started(true);
            measurement.ended(200, false);
          }
          return requests;
        }),
      },
      {
        name: "prom-client",
        sample: cpuOf(() => {
          for (let index = 0; index < requests; index++) measureTheirs[index % formations.length]?.();
          return requests;
        }),
      },
    ];
    const text = (name: string, read: () => Promise<string>): Contender => ({
      name,
      sample: cpuOf(async () => {
        for (let time = 0; time < 10; time++) await read();
        return 10;
      }),
    });
    return {
      comparisons: [
        { label: "one request", unit: "µs", contenders: request },
        {
          label: "the page of 100 formations",
          unit: "µs",
          contenders: [text("ours", () => ours.text()), text("prom-client", () => theirs.registry.metrics())],
        },
        {
          label: "loaded",
          unit: "MB",
          contenders: [
            { name: "ours", sample: () => memoryOf(own, empty) },
            { name: "prom-client", sample: () => memoryOf("prom-client", empty) },
          ],
        },
      ],
      close: async () => rmSync(folder, { recursive: true }),
    };
  },
};
