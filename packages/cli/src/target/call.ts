import type { FormationClient } from "muxi-client";
import type { Context } from "../base/context.ts";
import type { Ui } from "../ui/index.ts";
import { explainAnswer } from "./cause.ts";
import { formationTarget, type TargetOptions } from "./target.ts";

/**
 * Calls the formation that a command talks to, with a progress line meanwhile.
 *
 * @param call Makes the call; it may change what the line says.
 * @param activity What the line says. Default: whom it asks.
 * @throws CliError when the formation is not running or the call fails.
 */
export const callFormation = async <Result>(
  context: Context,
  ui: Ui,
  options: TargetOptions,
  call: (formation: FormationClient, show: (text: string) => void) => Promise<Result>,
  activity?: string,
): Promise<Result> => {
  const { formation, id: formationId, isDraft, readLog } = await formationTarget(context, options);
  return ui
    .during(activity ?? `Asking ${formationId}...`, (show) => call(formation, show))
    .catch(async (error: unknown) => {
      throw await explainAnswer(error, { formationId, isDraft, readLog });
    });
};
