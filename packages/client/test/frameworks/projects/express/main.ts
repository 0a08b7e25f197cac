import { pipeline } from "node:stream/promises";
import express from "express";
import { ask } from "./ask.ts";

const app = express();

app.post("/chat", express.json(), async (request, response) => {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const headers = new Headers({ "x-key": request.get("x-key") ?? "", "x-user": request.get("x-user") ?? "" });
  const stream = ask(headers, request.body.message, gone.signal);
  await stream.opened;
  const answer = stream.toResponse();
  response.writeHead(answer.status, [...answer.headers].flat());
  if (answer.body) await pipeline(answer.body, response).catch(() => response.destroy());
});

app.listen(Number(process.env.PORT), "127.0.0.1");
