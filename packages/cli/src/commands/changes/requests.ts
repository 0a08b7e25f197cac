import type { Context } from "../../base/context.ts";
import { type ChangeOptions, change } from "./change.ts";

/** `muxi requests cancel`: stops a request. */
export const cancelRequest = (context: Context, requestId: string, options: ChangeOptions): Promise<number> =>
  change(
    context,
    { ...options, isForEveryone: options.user === undefined },
    (formation) => formation.cancelRequest({ requestId }),
    () => `Cancelled ${requestId}`,
  );
