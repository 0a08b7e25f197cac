import { serve } from "@hono/node-server";
import { createTRPCClient, httpBatchStreamLink, isTRPCClientError } from "@trpc/client";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { type FormationRouter, formationRouter } from "./router.ts";

const port = Number(process.env.PORT);
const app = new Hono();

app.all("/trpc/*", ({ req }) =>
  fetchRequestHandler({
    endpoint: "/trpc",
    req: req.raw,
    router: formationRouter,
    createContext: () => ({ headers: req.raw.headers }),
  }),
);

/** Asks by tRPC, as a page would, and sends on what comes. */
app.post("/chat", async (context) => {
  const { raw } = context.req;
  const link = httpBatchStreamLink({
    url: `http://127.0.0.1:${port}/trpc`,
    headers: { "x-key": raw.headers.get("x-key") ?? "", "x-user": raw.headers.get("x-user") ?? "" },
  });
  const formation = createTRPCClient<FormationRouter>({ links: [link] });
  try {
    const events = await formation.chat.mutate(await raw.json(), { signal: raw.signal });
    return streamSSE(context, async (stream) => {
      for await (const event of events)
        await stream.writeSSE({ event: event.type, data: JSON.stringify(event) });
    });
  } catch (error) {
    if (!isTRPCClientError<FormationRouter>(error) || !error.data?.refusal) throw error;
    const { code, status, retryAfter } = error.data.refusal;
    const headers: HeadersInit = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
    return Response.json({ error: { code } }, { status, headers });
  }
});

serve({ fetch: app.fetch, port, hostname: "127.0.0.1" });
