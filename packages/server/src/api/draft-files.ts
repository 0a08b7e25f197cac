import { rm } from "node:fs/promises";
import { type DraftFilesRequest, draftFilesRequestSchema } from "@muxi/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { asFailure } from "../base/disk.ts";
import { Failure } from "../base/failure.ts";
import { checkFormationId } from "../bundles/index.ts";
import {
  deleteDraftFile,
  listFiles,
  readDraft,
  readDraftFile,
  rebaseDraft,
  requireDraft,
  writeDraftFile,
} from "../drafts/index.ts";
import { layoutFor, type Releases } from "../releases/index.ts";
import { type ReleaseRouteOptions, runDeploy, runUpdate } from "./bundle-routes.ts";
import type { Handler } from "./handler.ts";
import { respondWithOperation, wantsEvents } from "./operation.ts";
import { checkOf, formationIdOf } from "./parse.ts";

/**
 * The state of the draft and of the live formation, which every response contains (docs/spec/server-api.md "Draft
 * files").
 */
const states = async (releases: Releases, id: string) => {
  const draft = await readDraft(layoutFor(releases, id).draft);
  const version = releases.deployments.get(id)?.history?.current.semantic;
  const status = releases.supervisor.get(id)?.status;
  return {
    draft: {
      exists: draft !== undefined,
      ...(draft?.base_version !== undefined && { base_version: draft.base_version }),
      ...(draft?.created_at && { created_at: draft.created_at }),
    },
    live: { ...(version !== undefined && { version }), ...(status !== undefined && { status }) },
  };
};

const field = (request: DraftFilesRequest, name: "path" | "content"): string => {
  const value = request[name];
  if (value !== undefined && (name === "content" || value !== "")) return value;
  throw new Failure(400, name === "path" ? "InvalidPath" : "InvalidJSON", `${request.action} needs ${name}`);
};

/** `POST /rpc/formations/{id}/draft/files` (docs/spec/server-api.md "Draft files"). */
export const createDraftFilesHandler = ({ releases, audit }: ReleaseRouteOptions): Handler => {
  const { locks, reader, log, now } = releases;

  const init = async (id: string, mode: string | undefined): Promise<object> => {
    const { draft, release } = layoutFor(releases, id);
    const history = releases.deployments.get(id)?.history;
    if (mode !== "new" && mode !== "clone") {
      throw new Failure(400, "InvalidMode", "mode must be new or clone");
    }
    if (mode === "clone" && !history) {
      throw new Failure(
        404,
        "LiveNotFound",
        `Formation '${id}' is not deployed, so there is nothing to clone`,
      );
    }
    const live =
      mode === "clone" && history
        ? { folder: release(history.current.version), version: history.current.semantic }
        : undefined;
    const created = { folder: draft, id, live, createdAt: new Date(now()).toISOString() };
    await reader.run({ kind: "draft", draft: created }, z.undefined());
    return { action: "init", mode };
  };

  const deployDraft = (request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply> => {
    const isNew = !releases.deployments.has(id);
    const check = checkOf(request);
    return respondWithOperation({ request, reply, settle: audit.settle(request), log }, (report) =>
      locks.run(id, isNew ? "deployed" : "updated", async (signal) => {
        const folder = layoutFor(releases, id).draft;
        const { base_version: base } = await requireDraft(folder, id);
        const live = releases.deployments.get(id)?.history?.current.semantic;
        if (live !== base) {
          throw new Failure(
            409,
            "DeployConflict",
            `The draft was made from ${base === undefined ? "no version" : `version ${base}`}, but ${live === undefined ? "none" : `version ${live}`} is live now. Clone it again, or deploy a bundle.`,
          );
        }
        const wanted = {
          ...{ id, version: undefined, check, source: { draft: folder } },
          hash: await reader.run({ kind: "hash", draft: folder }, z.string(), { signal }),
        };
        const run = isNew ? runDeploy : runUpdate;
        const outcome = await run(releases, request, wanted, report, signal);
        const version = releases.deployments.get(id)?.history?.current.semantic;
        await rebaseDraft(folder, version);
        return outcome;
      }),
    );
  };

  const act = async (id: string, request: DraftFilesRequest): Promise<object> => {
    const { draft } = layoutFor(releases, id);
    if (request.action === "init") return init(id, request.mode);
    await requireDraft(draft, id);
    const { path = "" } = request;
    switch (request.action) {
      case "list":
        return { path, entries: await listFiles(draft, path) };
      case "read":
        return { path, ...(await readDraftFile(draft, field(request, "path"))) };
      case "write": {
        const content = field(request, "content");
        const size = await writeDraftFile(draft, field(request, "path"), content, request.encoding);
        return { path, size, written: true };
      }
      case "delete":
        await deleteDraftFile(draft, field(request, "path"));
        return { path, deleted: true };
      case "discard":
        await rm(draft, { recursive: true });
        return { discarded: true };
      default:
        throw new Failure(
          400,
          "InvalidAction",
          `'${request.action}' is not one of init, list, read, write, delete, deploy and discard`,
        );
    }
  };

  return async (request, reply) => {
    const id = formationIdOf(request);
    try {
      checkFormationId(id);
      const parsed = draftFilesRequestSchema().safeParse(request.body);
      if (!parsed.success) {
        throw new Failure(
          400,
          "InvalidJSON",
          "The body must be a JSON object with an action; all fields are strings",
        );
      }
      if (parsed.data.action === "deploy") return await deployDraft(request, reply, id);
      const data = await act(id, parsed.data);
      return { success: true, data, ...(await states(releases, id)) };
    } catch (error) {
      const failure = asFailure(error);
      if (failure === undefined || wantsEvents(request)) throw error;
      const { status, type, message } = failure;
      return reply
        .code(status)
        .send({ success: false, error: type, message, code: status, ...(await states(releases, id)) });
    }
  };
};
