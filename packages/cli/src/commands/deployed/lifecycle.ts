import { ConflictError, type OperationComplete } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { agree, ask } from "../../prompts/index.ts";
import { type ChosenServer, chosenServer, explainChosenError } from "../../server/index.ts";
import { formationId } from "../../target/index.ts";
import { createUi, type OutputFormat, type Ui } from "../../ui/index.ts";
import { followOperation } from "./operation.ts";

/** Of every command that acts on a deployed formation. */
export interface DeployedOptions {
  output: OutputFormat;
  profile?: string;
}

/** Of those that ask before they act. */
export interface ForceOptions extends DeployedOptions {
  force: boolean;
}

interface Target {
  ui: Ui;
  server: ChosenServer;
  id: string;
}

const targetOf = async (
  context: Context,
  given: string | undefined,
  { output, profile }: DeployedOptions,
): Promise<Target> => ({
  ui: createUi(context, output),
  server: await chosenServer(context, profile),
  id: await formationId(context, given),
});

/** Whether to go on. */
const confirmed = async (target: Target, force: boolean, action: string): Promise<boolean> => {
  if (force || (await agree(target.ui, `${action} formation '${target.id}'?`, "--force"))) return true;
  target.ui.line("Cancelled.");
  return false;
};

const addressOf = ({ server, id }: Target): string => `${server.url}/api/${id}`;

const finish = (target: Target, complete: OperationComplete, done: string): number => {
  const { ui } = target;
  // The server does not know under which name it is reached.
  ui.data({ ...complete, url: addressOf(target) });
  ui.success(done);
  ui.line(`  Formation URL: ${addressOf(target)}`);
  ui.bell();
  return 0;
};

/** `muxi remote start` */
export const start = async (
  context: Context,
  given: string | undefined,
  options: DeployedOptions,
): Promise<number> => {
  const target = await targetOf(context, given, options);
  const { ui, server, id } = target;
  const complete = await followOperation(ui, {
    server,
    events: server.client.startFormationStream({ formationId: id }, { idleTimeout: 0 }),
    waiting: `Starting ${id}...`,
    failed: `Formation '${id}' was not started`,
  });
  return finish(target, complete, `Formation \`${id}\` running!`);
};

/** `muxi remote stop` */
export const stop = async (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> => {
  const target = await targetOf(context, given, options);
  const { ui, server, id } = target;
  if (!(await confirmed(target, options.force, "Stop"))) return 0;
  try {
    const result = await ui.during(`Stopping ${id}...`, () =>
      server.client.stopFormation({ formationId: id }),
    );
    ui.data(result);
    ui.success(`Stopped ${id}`);
  } catch (error) {
    if (!(error instanceof ConflictError && /already stopped/i.test(error.message))) {
      throw explainChosenError(error, server, `Formation '${id}' was not stopped`);
    }
    ui.data({ id, status: "stopped" });
    ui.warning(`Formation '${id}' is already stopped`);
  }
  return 0;
};

/** `muxi remote restart` */
export const restart = async (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> => {
  const target = await targetOf(context, given, options);
  const { ui, server, id } = target;
  if (!(await confirmed(target, options.force, "Restart"))) return 0;
  const complete = await followOperation(ui, {
    server,
    events: server.client.restartFormationStream({ formationId: id }, { idleTimeout: 0 }),
    waiting: `Restarting ${id}...`,
    failed: `Formation '${id}' was not restarted`,
  });
  return finish(target, complete, `Formation \`${id}\` restarted!`);
};

/** `muxi remote rollback` */
export const rollback = async (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> => {
  const target = await targetOf(context, given, options);
  const { ui, server, id } = target;
  if (!(await confirmed(target, options.force, "Roll back"))) return 0;
  const complete = await followOperation(ui, {
    server,
    events: server.client.rollbackFormationStream({ formationId: id }, { idleTimeout: 0 }),
    waiting: `Rolling ${id} back...`,
    failed: `Formation '${id}' was not rolled back`,
  });
  const { previous_version: before, new_version: now } = complete;
  const versions = before === undefined || now === undefined ? "" : ` from version ${before} to ${now}`;
  return finish(target, complete, `Formation \`${id}\` rolled back${versions}`);
};

/** `muxi remote delete`: asks to type the id, because nothing of the formation is left afterwards. */
export const remove = async (
  context: Context,
  given: string | undefined,
  options: ForceOptions,
): Promise<number> => {
  const target = await targetOf(context, given, options);
  const { ui, server, id } = target;
  if (!options.force) {
    const message = `This removes '${id}' and its data from ${server.name}. Type its id to agree`;
    if ((await ask(ui, { message, flag: "--force" })) !== id) {
      ui.line("Deletion cancelled");
      return 0;
    }
  }
  const result = await ui
    .during(`Deleting ${id}...`, () => server.client.deleteFormation({ formationId: id }))
    .catch((error: unknown) => {
      throw explainChosenError(error, server, `Formation '${id}' was not deleted`);
    });
  ui.data(result);
  ui.success(`Deleted ${id}`);
  return 0;
};
