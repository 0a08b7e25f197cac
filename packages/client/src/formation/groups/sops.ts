import type { Sop, SopList } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint } from "../index.ts";

/** Standard operating procedures (docs/spec/formation-api.md "Procedures and skills"). */
export interface SopMethods {
  /** Lists the procedures that the formation knows. */
  list(options?: CallOptions): Promise<Result<SopList>>;

  /** Reads one procedure with its text. */
  get(
    args: {
      /** Name of the procedure. */
      name: string;
    },
    options?: CallOptions,
  ): Promise<Result<Sop>>;
}

export const createSops = (): SopMethods => ({
  list: bareEndpoint("getSops", "GET", "/sops", access.client),
  get: endpoint("getSop", "GET", "/sops/{name}", access.client, {}),
});
