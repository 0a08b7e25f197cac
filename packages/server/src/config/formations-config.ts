import { isAbsolute, join } from "node:path";
import * as z from "zod";
import type { BundleLimits } from "../bundles/index.ts";
import type { Rotation } from "../logs/index.ts";
import type { FormationResources } from "../processes/index.ts";

const poolPort = z.int().min(1024).max(65535);
/** Timers of Node end after 24 days; whatever is longer than a day is a slip of the unit. */
const longest = 86_400;
const seconds = z.number().positive().max(longest);
const secondsOrNone = z.number().nonnegative().max(longest);

const units = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

const sizeForm = "must be a size such as 512M or 2G";

/** A text such as `512M`, or a number of bytes. */
const size = z
  .union([z.int().positive(), z.string().regex(/^[1-9]\d*[KMG]?B?$/i, sizeForm)], { error: sizeForm })
  .transform((given) => {
    const [, number = "0", unit = ""] = /^(\d+)([KMG]?)/i.exec(String(given)) ?? [];
    return Number(number) * units[unit.toUpperCase() as keyof typeof units];
  });

/** Settings of a single formation. */
const ownSettings = z.object({
  memory_limit: size.optional(),
  environment: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .default({}),
});

/** `formations` of `config.yaml` (docs/spec/server-api.md "Configuration file"). */
export const formationsSchema = z.object({
  formations_dir: z.string().min(1).default("formations"),
  pids_dir: z.string().min(1).default("pids"),
  logs_dir: z.string().min(1).optional(),
  port_range_start: poolPort.default(8000),
  port_range_end: poolPort.default(9000),
  bind_host: z.string().min(1).default("127.0.0.1"),
  max_formations: z.int().positive().default(100),
  auto_restart: z.boolean().default(true),
  max_restarts: z.int().nonnegative().optional(),
  max_restart_count: z.int().nonnegative().optional(),
  restart_delay: secondsOrNone.default(1),
  health_check_interval: seconds.default(30),
  health_check_timeout: seconds.default(5),
  deployment: z
    .object({
      health_check: z
        .object({
          enabled: z.boolean().default(true),
          endpoint: z.string().startsWith("/").default("/v1/health"),
          // 0 means the longest possible wait (docs/spec/server-api.md "Configuration file").
          timeout: secondsOrNone.default(30).transform((given) => given || 300),
          interval: seconds.default(1),
        })
        .prefault({}),
      drain_timeout: secondsOrNone.default(30),
      force_kill_timeout: seconds.default(5),
    })
    .prefault({}),
  bundle: z
    .object({
      max_size: size.prefault("2G"),
      max_unpacked_size: size.prefault("4G"),
      max_entries: z.int().positive().max(10_000_000).default(100_000),
      max_ratio: z.number().positive().max(10_000).default(200),
    })
    .prefault({}),
  log_rotation_enabled: z.boolean().default(true),
  log_max_size: size.prefault("10M"),
  log_max_files: z.int().nonnegative().max(1000).default(10),
  memory_limit: size.optional(),
  install_packages: z.boolean().default(false),
  install_timeout: seconds.default(300),
  settings: z.record(z.string(), ownSettings).default({}),
});

type FormationsFile = z.infer<typeof formationsSchema>;

/** How deployed formations are stored and run. Times are in milliseconds, sizes in bytes. */
export interface FormationsConfig extends FormationResources {
  maxFormations: number;
  bundle: BundleLimits;
  /** How packages that a bundle names are installed. */
  install: { allowed: boolean; timeoutMs: number };
  drainMs: number;
  /** Time between two checks of health and memory. */
  monitorIntervalMs: number;
  /** How long a health check waits for an answer. */
  monitorTimeoutMs: number;
  /** Undefined: logs grow without limit. */
  rotation: Rotation | undefined;
}

export const formationsConfig = (file: FormationsFile): FormationsConfig => ({
  maxFormations: file.max_formations,
  bundle: {
    maxBytes: file.bundle.max_size,
    maxUnpackedBytes: file.bundle.max_unpacked_size,
    maxEntries: file.bundle.max_entries,
    maxRatio: file.bundle.max_ratio,
  },
  install: { allowed: file.install_packages, timeoutMs: file.install_timeout * 1000 },
  drainMs: file.deployment.drain_timeout * 1000,
  monitorIntervalMs: file.health_check_interval * 1000,
  monitorTimeoutMs: file.health_check_timeout * 1000,
  rotation: file.log_rotation_enabled
    ? { maxBytes: file.log_max_size, maxFiles: file.log_max_files }
    : undefined,
  memoryLimitOf: (id) => file.settings[id]?.memory_limit ?? file.memory_limit,
  environmentOf: (id) => file.settings[id]?.environment ?? {},
});

/** Resolves a path of the file, which is relative to the data folder. */
export const fromData = (dataDirectory: string, path: string): string =>
  isAbsolute(path) ? path : join(dataDirectory, path);
