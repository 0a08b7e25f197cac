import "reflect-metadata";
import { pipeline } from "node:stream/promises";
import { Body, Controller, Module, Post, Req, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { Request, Response } from "express";
import { ask } from "./ask.ts";

@Controller()
class ChatController {
  @Post("chat")
  async chat(@Body("message") message: string, @Req() request: Request, @Res() response: Response) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const headers = new Headers({
      "x-key": request.get("x-key") ?? "",
      "x-user": request.get("x-user") ?? "",
    });
    const stream = ask(headers, message, gone.signal);
    await stream.opened;
    const answer = stream.toResponse();
    response.writeHead(answer.status, [...answer.headers].flat());
    if (answer.body) await pipeline(answer.body, response).catch(() => response.destroy());
  }
}

@Module({ controllers: [ChatController] })
class AppModule {}

void NestFactory.create(AppModule, { logger: ["error", "warn"] }).then((app) =>
  app.listen(Number(process.env.PORT), "127.0.0.1"),
);
