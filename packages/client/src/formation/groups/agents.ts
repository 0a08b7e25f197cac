import type { Agent, AgentList } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, asyncMethod, dataOf, endpoint } from "../index.ts";

/** The agents of the formation. Needs the admin key (docs/spec/formation-api.md "Agents"). */
export interface AgentMethods {
  /**
   * Lists the agents.
   *
   * @example
   * for (const agent of await formation.getAgents()) console.log(agent.id, agent.name);
   */
  list(options?: CallOptions): Promise<Agent[]>;

  /** Reads one agent. Throws `NotFoundError` when there is none with this id. */
  get(
    args: {
      /** Id of the agent. */
      agentId: string;
    },
    options?: CallOptions,
  ): Promise<Result<Agent>>;
}

export const createAgents = (): AgentMethods => ({
  list: asyncMethod("getAgents", "", async (caller, options) => {
    const { agents } = await dataOf<AgentList>(caller, { ...access.admin, path: "/agents" }, options);
    return agents;
  }),
  get: endpoint("getAgent", "GET", "/agents/{agentId}", access.admin, {}),
});
