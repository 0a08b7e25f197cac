import {
  type FormationLogLine,
  type FormationLogs,
  type FormationLogsConnected,
  formationLogsQuerySchema,
  serverLogsQuerySchema,
} from "@muxi/protocol";
import { countLog, followLines, processLogFiles, tailLog } from "../logs/index.ts";
import { type Releases, requireDeployment } from "../releases/index.ts";
import { type EventStream, openEventStream } from "./event-stream.ts";
import type { Handler } from "./handler.ts";
import { formationIdOf, isStreamPath, parseInput } from "./parse.ts";

export interface LogRouteOptions {
  releases: Releases;
  logsDirectory: string;
  auditLog: string;
}

const follow = async (
  stream: EventStream,
  formationId: string,
  source: { file: string; name: "stdout" | "stderr" },
): Promise<void> => {
  for await (const line of followLines(source.file, stream.left)) {
    const data: FormationLogLine = { line, formation_id: formationId, stream: source.name };
    stream.send("log", data);
    await stream.drained();
  }
};

/**
 * `GET /rpc/formations/{id}/logs` and `GET /rpc/server/logs` (docs/spec/server-api.md "Formation logs" and
 * "Server logs").
 */
export const createLogHandlers = ({ releases, logsDirectory, auditLog }: LogRouteOptions) => {
  const formationLogs: Handler = async (request, reply) => {
    const id = formationIdOf(request);
    requireDeployment(releases, id);
    const {
      limit,
      lines = limit,
      stream: wanted,
      follow: following,
    } = parseInput(formationLogsQuerySchema(), request.query);
    const { out, err } = processLogFiles(logsDirectory, id);
    const sources = [
      { name: "stdout" as const, file: out },
      { name: "stderr" as const, file: err },
    ].filter(({ name }) => wanted === "all" || wanted === name);

    if (following === "true" || following === "1" || isStreamPath(request)) {
      const stream = openEventStream(reply);
      const connected: FormationLogsConnected = { formation_id: id };
      stream.send("connected", connected);
      try {
        await Promise.all(sources.map((source) => follow(stream, id, source)));
      } finally {
        stream.end();
      }
      return reply;
    }
    const data: FormationLogs = {
      formation_id: id,
      logs: { stdout: [], stderr: [] },
      total_lines: { stdout: 0, stderr: 0 },
    };
    for (const { name, file } of sources) {
      data.logs[name] = await tailLog(file, lines);
      data.total_lines[name] = await countLog(file);
    }
    return { success: true, data };
  };

  const serverLogs: Handler = async (request, reply) => {
    const { limit, lines = limit } = parseInput(serverLogsQuerySchema(), request.query);
    const text = (await tailLog(auditLog, lines)).map((line) => `${line}\n`).join("");
    return reply.type("text/plain; charset=utf-8").send(text);
  };

  return { formationLogs, serverLogs };
};
