import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";

const specs = z.record(z.string(), z.string()).optional();

const needs = {
  dependencies: specs,
  optionalDependencies: specs,
  devDependencies: specs,
  peerDependencies: specs,
};

const manifestSchema = z.looseObject({ ...needs, overrides: z.record(z.string(), z.unknown()).optional() });

const lockSchema = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ ...needs, resolved: z.string().optional(), link: z.boolean().optional() }),
  ),
});

/** What `package.json` and its lock file say. */
export interface NamedPackages {
  manifest: z.infer<typeof manifestSchema>;
  /** Undefined without a lock file. */
  lock: { name: string; content: z.infer<typeof lockSchema> } | undefined;
}

/** The one that npm takes first comes first. */
const lockNames = ["npm-shrinkwrap.json", "package-lock.json"];

export const packagesError = (message: string): Failure => new Failure(400, "PackagesError", message);

const parsed = <Value>(schema: z.ZodType<Value>, text: string, complaint: string): Value => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Failure(400, "PackagesError", complaint, { cause: error });
  }
};

const isEmpty = (given: object | undefined): boolean => Object.keys(given ?? {}).length === 0;

/**
 * The packages that a formation folder names for its tools; undefined when it names none.
 *
 * @throws Failure 400 when a file cannot be read.
 */
export const readNamed = async (folder: string): Promise<NamedPackages | undefined> => {
  const text = await ifThere(readFile(join(folder, "package.json"), "utf8"));
  if (text === undefined) return undefined;
  const manifest = parsed(manifestSchema, text, "package.json of the bundle is not one that npm can read");
  if (isEmpty(manifest.dependencies) && isEmpty(manifest.optionalDependencies)) return undefined;
  for (const name of lockNames) {
    const written = await ifThere(readFile(join(folder, name), "utf8"));
    if (written === undefined) continue;
    const complaint = `${name} of the bundle cannot be read: make it anew with npm 7 or later, npm install --package-lock-only`;
    return { manifest, lock: { name, content: parsed(lockSchema, written, complaint) } };
  }
  return { manifest, lock: undefined };
};

/** Where a package lies within the folder, and nowhere else. */
const place = /^(?:(?:^|\/)node_modules\/(?:@[\w.~-]+\/)?[\w~-][\w.~-]*)+$/;

/** Whether a version is taken from a registry: anything else has the form of an address or a path. */
const isOfRegistry = (spec: string): boolean => {
  const version = spec.replace(/^npm:(?:@[^/]+\/)?/, "");
  return !/[/:\\]|^\.|\.(?:tgz|tar\.gz|tar)$/i.test(version);
};

const textsIn = (value: unknown): string[] => {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

const originOf = (address: string): string | undefined => URL.parse(address)?.origin;

/**
 * Makes sure that packages come from registries of the server and stay within the folder: whoever deploys must not make
 * the server fetch from elsewhere, or write elsewhere.
 *
 * @param registries Addresses of the server's registries.
 * @throws Failure 400 that names the package.
 */
export const checkSources = (
  { manifest, lock }: NamedPackages & { lock: object },
  registries: readonly string[],
): void => {
  const origins = new Set(registries.map(originOf));
  const refuse = (name: string, source: string): never => {
    throw packagesError(
      `The package ${name} is to come from ${source}. This server installs only from its registries: ${registries.join(", ")}`,
    );
  };
  for (const [where, entry] of [
    ["package.json", manifest],
    ...Object.entries(lock.content.packages),
  ] as const) {
    const { dependencies, optionalDependencies, devDependencies, peerDependencies } = entry;
    const named = { ...dependencies, ...optionalDependencies, ...devDependencies, ...peerDependencies };
    for (const [name, spec] of Object.entries(named)) if (!isOfRegistry(spec)) refuse(name, spec);
    if (where === "package.json" || where === "") continue;
    const name = where.split("node_modules/").at(-1) ?? where;
    if (entry.link || !place.test(where)) refuse(name, "a folder");
    const { resolved } = entry;
    if (typeof resolved === "string" && !origins.has(originOf(resolved))) refuse(name, resolved);
  }
  const override = textsIn(manifest.overrides).find((text) => !text.startsWith("$") && !isOfRegistry(text));
  if (override !== undefined) refuse("of overrides", override);
};
