import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FormationClient } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { callFormation } from "../../target/index.ts";
import { createUi } from "../../ui/index.ts";
import type { ChangeOptions } from "./change.ts";

export interface ExportOptions extends ChangeOptions {
  /** Default: the output. */
  file?: string;
}

/** The output of the process must stay open for what comes after. */
const kept = (output: Writable): Writable =>
  new Writable({
    write(chunk, encoding, done) {
      output.write(chunk, encoding, () => done());
    },
  });

/** Prints the JSON Lines of an export as they come, or writes them to a file that must not exist. */
export const writeLines = async (
  context: Context,
  { file, output, ...target }: ExportOptions,
  call: (formation: FormationClient) => Promise<Response>,
): Promise<number> => {
  const ui = createUi(context, output);
  const path = file === undefined ? undefined : resolve(context.cwd, file);
  await callFormation(context, ui, target, async (formation) => {
    const { body } = await call(formation);
    const to =
      path === undefined ? kept(context.stdout) : createWriteStream(path, { flags: "wx", mode: 0o600 });
    await pipeline(Readable.from(body ?? []), to);
  });
  if (path !== undefined) {
    ui.data({ file: path });
    ui.success(`Wrote ${path}`);
  }
  return 0;
};
