/** Makes vectors with a model on this machine, in a thread of its own: it computes for as long as a text takes. */
import { parentPort, workerData } from "node:worker_threads";
import { isObject } from "@muxi/protocol";
import * as z from "zod";
import { isFunction, packagesOf } from "../providers/import-package.ts";

const settingsSchema = z.object({
  /** Formation folder, in or above which the package is. */
  dir: z.string(),
  packageName: z.string(),
  folder: z.string(),
  name: z.string(),
  mirror: z.string().optional(),
  dtype: z.enum(["fp32", "q8"]),
  pooling: z.enum(["mean", "cls"]),
});

const taskSchema = z.object({ id: z.number(), texts: z.array(z.string()) });

const functionSchema = z.custom<(...args: unknown[]) => unknown>(isFunction);
/** Not copied: the package reads what is set here. */
const packageSchema = z.object({
  env: z.custom<Record<string, unknown>>(isObject),
  pipeline: functionSchema,
});
const tensorSchema = z.object({ dims: z.tuple([z.number(), z.number()]), data: z.instanceof(Float32Array) });

/** What the thread answers. */
export type LocalAnswer =
  | { id: number; vectors: Float32Array[] }
  | { id: number; failure: "package" | "model"; reason: string };

const { dir, packageName, folder, name, mirror, dtype, pooling } = settingsSchema.parse(workerData);

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const load = async () => {
  const { env, pipeline } = packageSchema.parse(await packagesOf(dir)(packageName));
  env.localModelPath = folder;
  env.allowRemoteModels = mirror !== undefined;
  if (mirror !== undefined) env.remoteHost = mirror;
  return functionSchema.parse(await pipeline("feature-extraction", name, { dtype }));
};

const hasPackage = () =>
  packagesOf(dir)(packageName).then(
    () => true,
    () => false,
  );
let loading: ReturnType<typeof load> | undefined;

const answer = async ({ id, texts }: z.infer<typeof taskSchema>): Promise<LocalAnswer> => {
  if (!(await hasPackage())) return { id, failure: "package", reason: "" };
  try {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    const extract = await loading;
    const { dims, data } = tensorSchema.parse(await extract(texts, { pooling, normalize: true }));
    const [count, length] = dims;
    return {
      id,
      vectors: Array.from({ length: count }, (_, place) => data.slice(place * length, (place + 1) * length)),
    };
  } catch (error) {
    return { id, failure: "model", reason: reasonOf(error) };
  }
};

parentPort?.on("message", async (task: unknown) =>
  parentPort?.postMessage(await answer(taskSchema.parse(task))),
);
