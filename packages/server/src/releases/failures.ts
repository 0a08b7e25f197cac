import { asFailure } from "../base/disk.ts";
import { Failure } from "../base/failure.ts";
import { PortsExhaustedError, StartError } from "../processes/index.ts";

/**
 * Turns the error of a start into what the caller is told.
 *
 * @param unhealthy Status if the formation did not become healthy.
 * @param noPort Status if no port was free.
 * @param consequence A sentence about the resulting state.
 */
export const startFailure = (
  error: unknown,
  unhealthy: number,
  noPort: number,
  consequence?: string,
): unknown => {
  const explained = (text: string): string => (consequence === undefined ? text : `${consequence} ${text}`);
  if (error instanceof StartError)
    return new Failure(unhealthy, "HealthCheckFailed", explained(error.message), { cause: error });
  if (error instanceof PortsExhaustedError)
    return new Failure(noPort, "PortAllocationError", explained(error.message), { cause: error });
  const failure = asFailure(error);
  return failure
    ? new Failure(failure.status, failure.type, explained(failure.message), { cause: error })
    : error;
};
