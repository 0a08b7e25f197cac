import { type CallOptions, requireObjects, type StreamOptions } from "../http/index.ts";
import type { EventStream } from "../stream/index.ts";
import type { ServerCaller } from "./caller.ts";
import { bundleCall, type Deployment, type ForFormation, formationCall } from "./calls.ts";
import type { OperationEvent } from "./operations.ts";

type Below = Parameters<typeof formationCall>[1];

/**
 * Does something to a formation and waits for the end of it.
 *
 * @param name Of the method, which the error shows that arguments in another form get; so in all functions here.
 */
export const manageFormation = async <Data>(
  caller: ServerCaller,
  name: string,
  method: Parameters<typeof formationCall>[0],
  below: Below,
  formation: ForFormation,
  options: CallOptions | undefined,
): Promise<Data> => {
  requireObjects(`${name}({ formationId })`, formation, options);
  return caller.data(formationCall(method, below, formation), options);
};

/** Does something to a formation and tells each step. */
export const followFormation = (
  caller: ServerCaller,
  name: string,
  below: Below,
  formation: ForFormation,
  options: StreamOptions = {},
): EventStream<OperationEvent> => {
  requireObjects(`${name}({ formationId })`, formation, options);
  return caller.stream<OperationEvent>(formationCall("POST", below, formation), "complete", options);
};

/** Sends a bundle and waits until its formation is healthy. */
export const sendBundle = async <Data>(
  caller: ServerCaller,
  name: string,
  method: "POST" | "PUT",
  deployment: Deployment,
  options: CallOptions | undefined,
): Promise<Data> => {
  requireObjects(`${name}({ bundlePath })`, deployment, options);
  return caller.data(await bundleCall(method, deployment), options);
};

/** Sends a bundle and tells each step. */
export const followBundle = (
  caller: ServerCaller,
  name: string,
  method: "POST" | "PUT",
  deployment: Deployment,
  options: StreamOptions = {},
): EventStream<OperationEvent> => {
  requireObjects(`${name}({ bundlePath })`, deployment, options);
  return caller.stream<OperationEvent>(() => bundleCall(method, deployment), "complete", options);
};
