import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import * as z from "zod";
import type { WritingTask } from "../reader/index.ts";
import { layoutFor, type Releases, requireDeployment } from "../releases/index.ts";
import type { Handler } from "./handler.ts";
import { formationIdOf, parseInput } from "./parse.ts";

const querySchema = z.object({ db: z.enum(["true", "1", "false", "0"]).default("false") });

/** @param taskFor Gets a path for a copy of the database, which is removed in the end. */
const sendZip = async (
  { settings, reader }: Releases,
  reply: FastifyReply,
  name: string,
  taskFor: (copy: string) => WritingTask,
): Promise<FastifyReply> => {
  const copy = join(settings.temporaryDirectory, `${randomUUID()}.db`);
  const archive = async function* () {
    try {
      yield* reader.archive(taskFor(copy));
    } finally {
      await rm(copy, { force: true });
    }
  };
  // Before the headers are sent, so that a failure gets a response of its own.
  const chunks = archive();
  const first = await chunks.next();
  const body = async function* () {
    if (!first.done) yield first.value;
    yield* chunks;
  };
  return reply
    .type("application/zip")
    .header("content-disposition", `attachment; filename="${name}.zip"`)
    .send(Readable.from(body()));
};

/** `GET /rpc/formations/{id}/download` (docs/spec/server-api.md "Download"). */
export const createDownloadHandler =
  (releases: Releases): Handler =>
  async (request, reply) => {
    const id = formationIdOf(request);
    requireDeployment(releases, id);
    const { db } = parseInput(querySchema, request.query);
    return sendZip(releases, reply, id, (copy) => ({
      kind: "archive",
      release: layoutFor(releases, id).current,
      copyTo: db === "true" || db === "1" ? copy : undefined,
    }));
  };

/** `GET /rpc/formations/{id}/backup` (docs/spec/server-api.md "Backup"). */
export const createBackupHandler =
  (releases: Releases): Handler =>
  async (request, reply) => {
    const id = formationIdOf(request);
    requireDeployment(releases, id);
    const { current, data } = layoutFor(releases, id);
    return sendZip(releases, reply, `${id}-backup`, (copyTo) => ({
      ...{ kind: "backup", id, release: current, data, copyTo },
    }));
  };
