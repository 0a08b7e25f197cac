import { ConflictError, type OperationComplete, type OperationEvent } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { ask, confirmed } from "../../prompts/index.ts";
import { type ChosenServer, chosenServer, explainDeployedError } from "../../server/index.ts";
import { formationId } from "../../target/index.ts";
import { createUi, type OutputFormat, type Ui } from "../../ui/index.ts";
import { followOperation } from "./operation.ts";

/** Options of every command that acts on a deployed formation. */
export interface DeployedOptions {
  output: OutputFormat;
  profile?: string;
}

/** Options of the commands that ask before they act. */
export interface ForceOptions extends DeployedOptions {
  force: boolean;
}

/** A deployed formation that a command acts on. */
interface Deployed {
  ui: Ui;
  server: ChosenServer;
  id: string;
}

const deployedFormation = async (
  context: Context,
  given: string | undefined,
  { output, profile }: DeployedOptions,
): Promise<Deployed> => ({
  ui: createUi(context, output),
  server: await chosenServer(context, profile),
  id: await formationId(context, given),
});

/** An operation that ends with a running formation, and its texts. */
interface LifecycleOperation {
  /** Asked before it begins, unless `--force` is given. */
  question?: (id: string) => string;
  start: (deployed: Deployed) => AsyncIterable<OperationEvent>;
  waiting: (id: string) => string;
  /** Title of a failure. */
  failed: (id: string) => string;
  done: (id: string, complete: OperationComplete) => string;
}

/** Runs an operation, shows its stages, and prints the formation's address. */
const runOperation = async (
  context: Context,
  given: string | undefined,
  options: DeployedOptions & { force?: boolean },
  { question, start, waiting, failed, done }: LifecycleOperation,
): Promise<number> => {
  const deployed = await deployedFormation(context, given, options);
  const { ui, server, id } = deployed;
  if (question && !(await confirmed(ui, question(id), options.force === true))) return 0;
  const complete = await followOperation(ui, {
    server,
    events: start(deployed),
    waiting: waiting(id),
    failed: failed(id),
  });
  // The server does not know by which name it is reached.
  const url = `${server.url}/api/${id}`;
  ui.data({ ...complete, url });
  ui.success(done(id, complete));
  ui.line(`  Formation URL: ${url}`);
  ui.bell();
  return 0;
};

/** There is no limit for the time between two events. */
const unlimited = { idleTimeout: 0 };

/** `muxi remote start` */
export const start = (
  context: Context,
  given: string | undefined,
  options: DeployedOptions,
): Promise<number> =>
  runOperation(context, given, options, {
    start: ({ server, id }) => server.client.startFormationStream({ formationId: id }, unlimited),
    waiting: (id) => `Starting ${id}...`,
    failed: (id) => `Formation '${id}' was not started`,
    done: (id) => `Formation \`${id}\` running!`,
  });

/** `muxi remote restart` */
export const restart = (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> =>
  runOperation(context, given, options, {
    question: (id) => `Restart formation '${id}'?`,
    start: ({ server, id }) => server.client.restartFormationStream({ formationId: id }, unlimited),
    waiting: (id) => `Restarting ${id}...`,
    failed: (id) => `Formation '${id}' was not restarted`,
    done: (id) => `Formation \`${id}\` restarted!`,
  });

/** `muxi remote rollback` */
export const rollback = (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> =>
  runOperation(context, given, options, {
    question: (id) => `Roll back formation '${id}'?`,
    start: ({ server, id }) => server.client.rollbackFormationStream({ formationId: id }, unlimited),
    waiting: (id) => `Rolling ${id} back...`,
    failed: (id) => `Formation '${id}' was not rolled back`,
    done(id, { previous_version: before, new_version: now }) {
      const versions = before === undefined || now === undefined ? "" : ` from version ${before} to ${now}`;
      return `Formation \`${id}\` rolled back${versions}`;
    },
  });

/** `muxi remote stop` */
export const stop = async (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> => {
  const { ui, server, id } = await deployedFormation(context, given, options);
  if (!(await confirmed(ui, `Stop formation '${id}'?`, options.force))) return 0;
  try {
    const result = await ui.during(`Stopping ${id}...`, () =>
      server.client.stopFormation({ formationId: id }),
    );
    ui.data(result);
    ui.success(`Stopped ${id}`);
  } catch (error) {
    if (!(error instanceof ConflictError && /already stopped/i.test(error.message))) {
      throw explainDeployedError(error, server, `Formation '${id}' was not stopped`);
    }
    ui.data({ id, status: "stopped" });
    ui.warning(`Formation '${id}' is already stopped`);
  }
  return 0;
};

/** `muxi remote delete`: the user has to type the id, because nothing of the formation remains. */
export const remove = async (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> => {
  const { ui, server, id } = await deployedFormation(context, given, options);
  if (!options.force) {
    const message = `This deletes '${id}' and all its data from ${server.name}. To confirm, type its id`;
    if ((await ask(ui, { message, flag: "--force" })) !== id) {
      ui.line("Deletion cancelled");
      return 0;
    }
  }
  const result = await ui
    .during(`Deleting ${id}...`, () => server.client.deleteFormation({ formationId: id }))
    .catch((error: unknown) => {
      throw explainDeployedError(error, server, `Formation '${id}' was not deleted`);
    });
  ui.data(result);
  ui.success(`Deleted ${id}`);
  return 0;
};
