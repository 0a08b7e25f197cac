import { type DeployedFormationDetail, NotFoundError } from "muxi-client";
import type { ChosenServer } from "./chosen-server.ts";
import { explainDeployedError } from "./explain.ts";

/**
 * The deployed formation, or undefined. Only an unambiguous 404 means that it is not deployed (docs/spec/cli.md "muxi
 * deploy").
 *
 * @param title Of the error when the server cannot be asked.
 */
export const deployedNow = async (
  server: ChosenServer,
  id: string,
  title: string,
): Promise<DeployedFormationDetail | undefined> => {
  try {
    return await server.client.getFormation({ formationId: id });
  } catch (error) {
    if (error instanceof NotFoundError && error.message !== "Endpoint not found") return undefined;
    throw explainDeployedError(error, server, title);
  }
};
