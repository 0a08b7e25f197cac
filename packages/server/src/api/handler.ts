import type { FastifyReply, FastifyRequest } from "fastify";

/** What a route does with a request. What it returns is sent. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;
