import { NotFoundError } from "muxi-client";
import type { Context } from "../base/context.ts";
import { forgetFormation, savedFormations } from "../files/index.ts";
import { explainServerError, localServer } from "../server/index.ts";
import { findRunning, runningFormation } from "../target/index.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

export interface DownOptions {
  output: OutputFormat;
  port?: number;
}

/** `muxi down` (docs/spec/cli.md "muxi down"): stops a draft, even if `muxi up` on this machine did not start it. */
export const down = async (
  context: Context,
  given: string | undefined,
  { output, port }: DownOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const saved =
    given === undefined
      ? await runningFormation(context, undefined)
      : findRunning(context, await savedFormations(context), given);
  const formationId = saved?.id ?? given ?? "";
  const server = await localServer(context, port ?? portOf(saved?.server_url));
  try {
    await ui.during(`Stopping ${formationId}...`, () => server.client.devStop({ formationId }));
  } catch (error) {
    // It has ended in some other way.
    if (error instanceof NotFoundError && saved) await forgetFormation(context, saved);
    throw explainServerError(error, server, `Formation '${formationId}' was not stopped`);
  }
  if (saved) await forgetFormation(context, saved);
  ui.data({ formation_id: formationId, status: "stopped" });
  ui.success(`Stopped ${formationId}`);
  ui.line("  To stop the server too: muxi server stop");
  return 0;
};

const portOf = (url: string | undefined): number | undefined =>
  url === undefined ? undefined : Number(new URL(url).port);
