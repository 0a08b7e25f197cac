import * as z from "zod";
import { CronError, parseCron, readSourceUrl, type SourceUrl } from "../base/index.ts";
import {
  filledText,
  httpUrl,
  isOpen,
  positive,
  seconds,
  section,
  text,
  textList,
  textMap,
} from "./common.ts";
import { unused } from "./effects.ts";

const isInside = (path: string): boolean =>
  !/^([\\/]|[A-Za-z]:)/.test(path) && !path.split(/[\\/]/).includes("..");

const url = text.superRefine((written, context) => {
  if (isOpen(written)) return;
  const read = readSourceUrl(written);
  if ("message" in read) {
    context.addIssue({ code: "custom", message: read.message, params: { hint: read.hint } });
  }
});

/** A time of its own: `30m`, `6h`, `2d`. */
const interval = /^[1-9]\d{0,4}[mhd]$/;

const schedule = text.superRefine((written, context) => {
  if (isOpen(written) || written === "@startup" || interval.test(written)) return;
  try {
    parseCron(written);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    const hint =
      'Write a cron expression such as "0 6 * * *", @hourly, @daily, @weekly or @startup, or an interval such as "30m" or "6h"';
    context.addIssue({ code: "custom", message: `is no schedule: ${error.message}`, params: { hint } });
  }
});

const auth = section({
  /** Of web servers and repositories. */
  type: z.enum(["basic", "bearer"]).optional(),
  username: text.optional(),
  password: text.optional(),
  token: text.optional(),
  /** Of S3, and keys for interoperability of Google Cloud Storage. */
  access_key_id: text.optional(),
  secret_access_key: text.optional(),
  session_token: text.optional(),
  /** The key of a service account of Google, as it is downloaded. */
  credentials_json: text.optional(),
  /** Of Azure. */
  connection_string: text.optional(),
  account_name: text.optional(),
  account_key: text.optional(),
});

/** What `auth` needs at a place of some kind; undefined when it is there. */
const lackOfAuth = (kind: SourceUrl["kind"], given: z.infer<typeof auth> = {}): string | undefined => {
  const has = (...fields: (keyof typeof given)[]) => fields.every((field) => given[field] !== undefined);
  const isGiven = Object.keys(given).length > 0;
  if (kind === "az") {
    return has("connection_string") || has("account_name") ? undefined : "connection_string or account_name";
  }
  if (!isGiven) return undefined;
  if (kind === "s3")
    return has("access_key_id", "secret_access_key") ? undefined : "access_key_id and secret_access_key";
  if (kind === "gs") {
    const isKnown = has("credentials_json") || has("access_key_id", "secret_access_key");
    return isKnown ? undefined : "credentials_json";
  }
  if (given.type === "bearer") return has("token") ? undefined : "token";
  if (given.type === "basic") return has("username", "password") ? undefined : "username and password";
  return "type, basic or bearer";
};

/** Fields that only a source with a URL has. */
export const ofSourcesElsewhere = [
  "auth",
  "region",
  "endpoint",
  "ref",
  "headers",
  "include",
  "exclude",
  "max_file_size",
  "max_total_size",
  "timeout",
  "schedule",
  "retry",
] as const;

/** What becomes of archives. */
const ofExtraction = ["extract", "extract_pattern", "max_extracted_files", "max_extracted_size"];

const megabyte = 1024 * 1024;
const asTheyAre = "Archives are read as they are, with all documents in them";
/** How documents are searched. */
export const retrieval = z.enum(["vector", "tree", "tree-vector", "hybrid"]);

export const outlineIsCurrent = () =>
  unused("The outline of a document is always made from what stands in it now");

/**
 * A source of knowledge (docs/spec/formation-files.md "Knowledge", "Sources elsewhere"). Sizes in bytes, times in
 * seconds.
 */
export const sourceSchema = section({
  path: filledText.refine(isInside, "must be relative to the formation folder, without ..").optional(),
  url: url.optional(),
  description: text.optional(),
  recursive: z.boolean().default(false),
  allowed_extensions: z.array(text).optional(),
  /** Files read of one source. */
  file_limit: positive.optional(),
  id: filledText.optional(),
  auth: auth.optional(),
  /** Of a bucket of S3. Default: that of the environment, else us-east-1. */
  region: filledText.optional(),
  /** Of a bucket at another address than that of its kind. */
  endpoint: httpUrl.optional(),
  ref: text
    .regex(/^(?!.*\.\.)[\w][\w./-]*$/, "must be the name of a branch or a tag, or a commit")
    .optional(),
  headers: textMap.default({}),
  include: textList.optional(),
  exclude: textList.optional(),
  max_file_size: positive.default(10 * megabyte),
  max_total_size: positive.default(100 * megabyte),
  timeout: seconds.default(300),
  schedule: schedule.default("@startup"),
  retry: section({
    max_attempts: positive.default(3),
    initial_delay: seconds.default(5),
    max_delay: seconds.default(300),
    exponential_base: z.number().min(1).default(2),
  }).prefault({}),
  ...Object.fromEntries(ofExtraction.map((field) => [field, unused(asTheyAre)])),
  accept_new_host_keys: unused("Nothing is read over SSH"),
  retrieval: retrieval.optional(),
  agent_tree: outlineIsCurrent(),
})
  .refine(({ path, url }) => (path === undefined) !== (url === undefined), "needs either a path or a url")
  .superRefine(({ url: written, auth: given }, context) => {
    if (written === undefined || isOpen(written)) return;
    const read = readSourceUrl(written);
    const lack = "kind" in read ? lackOfAuth(read.kind, given) : undefined;
    if (lack === undefined) return;
    const whose = given?.type === undefined ? "" : `of the type ${given.type} `;
    context.addIssue({ code: "custom", path: ["auth"], message: `${whose}needs ${lack}` });
  })
  .transform((source) => ({
    ...source,
    file_limit: source.file_limit ?? (source.url === undefined ? 50 : 100),
  }));

export type KnowledgeSource = z.infer<typeof sourceSchema>;
