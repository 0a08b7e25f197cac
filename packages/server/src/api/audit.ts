import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AuditLog, Log } from "../logs/index.ts";

export interface AuditOptions {
  audit: AuditLog;
  /** The server's key id; undefined without authentication. */
  keyId: string | undefined;
  addressOf: (request: FastifyRequest) => string;
  log: Log;
}

const messageOf = (payload: unknown): string | undefined => {
  if (typeof payload !== "string") return undefined;
  const message = /"message":("(?:[^"\\]|\\.)*")/.exec(payload)?.[1];
  return message === undefined ? undefined : String(JSON.parse(message));
};

/** Records every request to `/rpc` and its result, refused requests included, before the response is sent. */
export const createAudit = ({ audit, keyId, addressOf, log }: AuditOptions) => {
  const write = async (request: FastifyRequest, status: number, error?: string): Promise<void> => {
    const { method, url, headers } = request;
    const signedWithOurs = keyId !== undefined && headers.authorization?.includes(`key=${keyId},`);
    const [path = ""] = url.split("?", 1);
    try {
      await audit.write({
        method,
        path,
        ...(signedWithOurs && { auth_key: keyId }),
        remote_addr: addressOf(request),
        status,
        duration_ms: Math.round(performance.now() - startOf(request)),
        ...(error !== undefined && { error }),
      });
    } catch (failure) {
      // A full disk must not prevent the user from deleting what fills it.
      log.error({ err: failure }, "could not write the audit log");
    }
  };

  const starts = new WeakMap<FastifyRequest, number>();
  const startOf = (request: FastifyRequest): number => starts.get(request) ?? performance.now();

  return {
    /** For streams, which the hook does not see. */
    settle:
      (request: FastifyRequest) =>
      (status: number, error?: string): Promise<void> =>
        write(request, status, error),
    /** Records the requests of a Fastify scope. */
    watch(app: FastifyInstance): void {
      app.addHook("onRequest", async (request: FastifyRequest) => {
        starts.set(request, performance.now());
      });
      app.addHook("onSend", async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
        if (request.method !== "OPTIONS" && request.url.startsWith("/rpc/")) {
          await write(request, reply.statusCode, reply.statusCode >= 400 ? messageOf(payload) : undefined);
        }
        return payload;
      });
    },
  };
};

export type Audit = ReturnType<typeof createAudit>;
