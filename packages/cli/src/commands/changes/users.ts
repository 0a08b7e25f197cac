import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { confirmed } from "../../prompts/index.ts";
import { createUi } from "../../ui/index.ts";
import { type ChangeOptions, change } from "./change.ts";
import { type ExportOptions, writeLines } from "./lines.ts";

/** `muxi users link`: makes an identifier one of the user's, who is made when there is none. */
export const linkUser = (
  context: Context,
  identifier: string,
  { type, ...options }: ChangeOptions & { type?: string },
): Promise<number> => {
  const { user } = options;
  if (user === undefined) {
    throw new CliError("Whose identifier is it?", { hint: "Use --user <id>" });
  }
  return change(
    context,
    options,
    async (formation) => {
      const { muxi_user_id: muxiUserId } = await formation.resolveUser({
        identifier: user,
        createUser: true,
      });
      const identifiers = [type === undefined ? identifier : { identifier, type }];
      return formation.addUserIdentifiers({ muxiUserId, identifiers });
    },
    () => `Linked ${identifier} to ${user}`,
  );
};

/** `muxi users unlink`. */
export const unlinkUser = (context: Context, identifier: string, options: ChangeOptions): Promise<number> =>
  change(
    context,
    { ...options, isForEveryone: true },
    (formation) => formation.deleteUserIdentifier({ identifier }),
    () => `Unlinked ${identifier}`,
  );

/** `muxi users export`: prints or writes all that is stored of a user as JSON Lines. */
export const exportUser = (context: Context, identifier: string, options: ExportOptions): Promise<number> =>
  writeLines(context, { ...options, isForEveryone: true }, (formation) =>
    formation.exportUser({ identifier }),
  );

export interface DeleteUserOptions extends ChangeOptions {
  force: boolean;
}

/** `muxi users delete`: deletes a user with all that is stored of them. */
export const deleteUser = async (
  context: Context,
  identifier: string,
  { force, ...options }: DeleteUserOptions,
): Promise<number> => {
  const question = `Delete all that is stored of '${identifier}', for good?`;
  if (!(await confirmed(createUi(context, options.output), question, force))) return 0;
  return change(
    context,
    { ...options, isForEveryone: true },
    (formation) => formation.deleteUser({ identifier }),
    ({ deleted }) => {
      const rows = Object.values(deleted).reduce((sum, count) => sum + count, 0);
      return `Deleted all that was stored of ${identifier}: ${rows} rows`;
    },
  );
};
