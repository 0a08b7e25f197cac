/**
 * The types of failures of management operations, sent as `error` in a progress stream (docs/spec/server-api.md
 * "Failure types").
 */
export const failureTypes = [
  "AlreadyRunning",
  "AlreadyStopped",
  "AlreadyUpdating",
  "CheckFailed",
  "DecodeError",
  "Deleted",
  "DeployConflict",
  "DiskError",
  "DraftAlreadyExists",
  "DraftNotFound",
  "ExtractError",
  "FileNotFound",
  "FormationExists",
  "HashMismatch",
  "HealthCheckFailed",
  "IDMismatch",
  "InternalError",
  "InvalidAction",
  "InvalidContentType",
  "InvalidFormationID",
  "InvalidHeader",
  "InvalidJSON",
  "InvalidMode",
  "InvalidPath",
  "InvalidRuntime",
  "LiveNotFound",
  "MissingHeader",
  "NoChange",
  "NoPreviousVersion",
  "NoUpdate",
  "NotFound",
  "OperationInProgress",
  "PackagesError",
  "ParseError",
  "PayloadTooLarge",
  "PortAllocationError",
  "SecretsError",
  "ServerStopping",
  "TooManyFormations",
  "VersionMismatch",
] as const;

export type FailureType = (typeof failureTypes)[number];

/** A management operation failed. The message is meant for the client. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly type: FailureType;
  readonly status: number;

  constructor(status: number, type: FailureType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.type = type;
  }
}
