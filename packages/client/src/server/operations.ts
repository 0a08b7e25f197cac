import type {
  FormationLogLine,
  FormationLogsConnected,
  OperationComplete,
  OperationProgress,
} from "@muxi/protocol/types";
import { errorOfStatus } from "../errors/index.ts";
import { fieldsOf, firstText } from "../http/index.ts";
import { parseFrame } from "../stream/index.ts";

/** An event of a stream of the server API. */
export interface ServerEvent<Name extends string, Data> {
  /** Name of the event, which determines its data. */
  event: Name;
  /** Data of the event. */
  data: Data;
}

/** An event of a long operation. */
export type OperationEvent =
  | ServerEvent<"progress", OperationProgress>
  | ServerEvent<"complete", OperationComplete>;

/** An event of a formation's output: `connected` first, then a `log` for each line. */
export type FormationLogEvent =
  | ServerEvent<"connected", FormationLogsConnected>
  | ServerEvent<"log", FormationLogLine>;

/** The status of each failure when the operation is not streamed (docs/spec/server-api.md "Failure types"). */
const statusByType: Record<string, number> = {
  NotFound: 404,
  FormationNotFound: 404,
  FormationExists: 409,
  NoChange: 409,
  AlreadyRunning: 409,
  AlreadyUpdating: 409,
  MissingHeader: 400,
  InvalidFormationID: 400,
  ExtractError: 400,
  ParseError: 400,
  SecretsError: 400,
  IDMismatch: 400,
  VersionMismatch: 400,
  ResolveError: 400,
  InvalidRuntime: 400,
  HealthCheckFailed: 400,
  CheckFailed: 400,
  PackagesError: 400,
  ExtractDirError: 500,
  PortAllocationError: 500,
  DirectoryError: 500,
  DiskError: 507,
  CleanupError: 500,
  MoveError: 500,
  DownloadError: 500,
  PullError: 500,
  SpawnError: 500,
  RegisterError: 500,
  SwapError: 500,
};

/** Decodes a frame of an operation. An `error` is thrown as the class of the status that it would have had. */
export const decodeOperation = <Event>(name: string, data: string): Event => {
  const value = parseFrame(name, data);
  if (name === "error") {
    const { error, message } = fieldsOf(value);
    const code = firstText(error) ?? "STREAM_ERROR";
    throw errorOfStatus(statusByType[code] ?? 200, firstText(message) ?? code, {
      code,
      details: value,
    });
  }
  return { event: name, data: value } as Event;
};
