import { databaseOf, type Formation, formatErrors, loadFormation, type Report } from "@muxi/formation";
import { formationIdPattern, reservedFormationIds } from "@muxi/protocol";
import { Failure } from "../base/failure.ts";

/** Suffixes that the server adds to a formation's id to name its other processes and their logs. */
const reservedEndings = ["-draft", "-staging", "-rollback"];

/**
 * @throws Failure when no formation can be deployed under this id (docs/spec/server-api.md "Formation ids").
 */
export const checkFormationId = (id: string): void => {
  if (!formationIdPattern.test(id)) {
    throw new Failure(
      400,
      "InvalidFormationID",
      `Formation id '${id.slice(0, 60)}' cannot be used: it must have 3 to 50 lower-case letters, digits and hyphens, and must begin and end with a letter or digit`,
    );
  }
  if (reservedFormationIds.has(id) || reservedEndings.some((ending) => id.endsWith(ending))) {
    throw new Failure(
      400,
      "InvalidFormationID",
      `Formation id '${id}' is reserved for the server itself. Choose another one.`,
    );
  }
};

/** Errors that an answer tells. */
const mostErrors = 50;

const describeErrors = (report: Report): string[] => {
  const more = report.errors.length - mostErrors;
  return [
    ...formatErrors({ ...report, errors: report.errors.slice(0, mostErrors) }),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
};

const ofSecrets = ({ errors }: Report): boolean =>
  errors.some(
    ({ file, message }) =>
      file === ".key" || file === "secrets.enc" || message.startsWith("refers to the secret"),
  );

/** How many processes serve a formation (`server.replicas`). Several processes need a database that they can share. */
const replicasOf = (formation: Formation): number => {
  const { replicas } = formation.manifest.server;
  if (replicas > 1 && databaseOf(formation).engine !== "postgres") {
    throw new Failure(
      400,
      "ParseError",
      `server.replicas is ${replicas}, but several processes need Postgres to share a formation: set memory.persistent.connection_string to postgres://…, or remove replicas`,
    );
  }
  return replicas;
};

/** A formation that was found fit to run. */
export interface CheckedFormation {
  formation: Formation;
  /** `1.0.0` if the manifest does not say (docs/spec/server-api.md "What a bundle must hold"). */
  version: string;
  replicas: number;
}

interface Expected {
  id: string;
  /** Undefined accepts the version of the manifest. */
  version: string | undefined;
}

/** A formation that is to run as a draft. */
export interface Identified {
  id: string;
  /** Names of the environment variables that it may read. */
  variables: string[];
}

/**
 * Reads a formation that is to run as a draft, which may refer to the environment.
 *
 * @throws Failure 400 that names every file and field that is wrong.
 */
export const identify = async (folder: string, env: NodeJS.ProcessEnv): Promise<Identified> => {
  const { formation, report } = await loadFormation(folder, { env, allowEnv: true });
  if (formation) return { id: formation.id, variables: formation.variables };
  throw new Failure(
    400,
    "ParseError",
    [`${folder} is not a valid formation:`, ...describeErrors(report)].join("\n"),
  );
};

/**
 * Reads a formation as the runtime will, including its secrets, so that one that cannot run is refused here
 * (docs/spec/server-api.md "What a bundle must hold").
 *
 * @throws Failure 400 that names every file and field that is wrong.
 */
export const checkFormation = async (folder: string, expected: Expected): Promise<CheckedFormation> => {
  const { formation, report } = await loadFormation(folder, { allowEnv: false });
  if (!formation) {
    throw new Failure(
      400,
      ofSecrets(report) ? "SecretsError" : "ParseError",
      ["The formation is not valid:", ...describeErrors(report)].join("\n").replaceAll(folder, "bundle"),
    );
  }
  const version = formation.manifest.version ?? "1.0.0";
  if (formation.id !== expected.id) {
    throw new Failure(
      400,
      "IDMismatch",
      `The bundle contains the formation '${formation.id}', but '${expected.id}' was to be deployed`,
    );
  }
  if (expected.version !== undefined && version !== expected.version) {
    throw new Failure(
      400,
      "VersionMismatch",
      `The bundle contains version ${version}, but X-Formation-Version says ${expected.version}`,
    );
  }
  return { formation, version, replicas: replicasOf(formation) };
};
