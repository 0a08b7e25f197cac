import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { type ChangeOptions, change } from "./change.ts";

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
