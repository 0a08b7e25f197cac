import { initTRPC } from "@trpc/server";
import { MuxiError } from "muxi-client";
import { z } from "zod";
import { ask } from "./ask.ts";

const refusalOf = (error: unknown) =>
  error instanceof MuxiError
    ? { code: error.code, status: error.statusCode, retryAfter: error.retryAfter }
    : undefined;

const { procedure, router } = initTRPC.context<{ headers: Headers }>().create({
  errorFormatter: ({ shape, error: { cause } }) => ({
    ...shape,
    data: { ...shape.data, refusal: refusalOf(cause) },
  }),
});

export const formationRouter = router({
  chat: procedure
    // The formation is to see what is not a message.
    .input(z.object({ message: z.custom<string>() }))
    .mutation(async ({ ctx, input, signal = new AbortController().signal }) => {
      const stream = ask(ctx.headers, input.message, signal);
      const { error } = await stream.opened;
      if (error) throw error;
      return stream;
    }),
});

export type FormationRouter = typeof formationRouter;
