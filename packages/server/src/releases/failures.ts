import { Failure } from "../base/failure.ts";
import { PortsExhaustedError, StartError } from "../processes/index.ts";

/**
 * What a caller is told when a formation could not be started.
 *
 * @param unhealthy Status when it did not become healthy.
 * @param noPort Status when no port was free.
 * @param consequence What holds now, as a sentence.
 */
export const startFailure = (
  error: unknown,
  unhealthy: number,
  noPort: number,
  consequence?: string,
): unknown => {
  const explained = (text: string): string => (consequence === undefined ? text : `${consequence} ${text}`);
  if (error instanceof Failure)
    return new Failure(error.status, error.type, explained(error.message), { cause: error });
  if (error instanceof StartError)
    return new Failure(unhealthy, "HealthCheckFailed", explained(error.message), { cause: error });
  if (error instanceof PortsExhaustedError)
    return new Failure(noPort, "PortAllocationError", explained(error.message), { cause: error });
  return error;
};
