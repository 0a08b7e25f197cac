/** For Express: `app.use("/api/muxi", chatRoutes((request) => request.session.userId));` before any body parser. */
import { pipeline } from "node:stream/promises";
import express from "express";
import { forward } from "./forward.ts";

/** @param userOf Who is signed in, as the session of your application says; undefined for nobody. */
export const chatRoutes = (userOf: (request: express.Request) => string | undefined): express.Router => {
  const router = express.Router();
  router.use(express.raw({ type: "application/json", limit: "20mb" }), async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const { method, headers, path, originalUrl } = request;
    const sent = new Request(new URL(originalUrl, "http://localhost"), {
      method,
      headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
      ...(method === "POST" && { body: request.body }),
      signal: gone.signal,
    });
    const answer = await forward(sent, path, userOf(request));
    response.writeHead(answer.status, [...answer.headers].flat());
    if (answer.body) await pipeline(answer.body, response).catch(() => response.destroy());
    else response.end();
  });
  return router;
};
