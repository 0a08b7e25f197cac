import { databaseOf, type Formation } from "@muxi/formation";
import type { Agent } from "muxi-client";
import * as z from "zod";
import type { Ui } from "../../ui/index.ts";

/** A running draft, and how to reach it. */
export interface RunningDraft {
  formation: Formation;
  agents: Agent[];
  serverUrl: string;
  draftUrl: string;
  directUrl: string;
  clientKey: string;
  adminKey: string;
  pid: number;
}

const withModel = z.object({ model: z.string() });

/** The agents' models, if the formation reports them. */
const modelsOf = (agents: readonly Agent[]): string =>
  [...new Set(agents.flatMap((agent) => withModel.safeParse(agent).data?.model ?? []))].join(", ");

const dataOf = (formation: Formation): string => {
  if (!formation.manifest.memory.persistent.enabled) return "in memory only (memory.persistent is off)";
  const database = databaseOf(formation);
  return database.engine === "sqlite"
    ? database.file
    : "in the database of memory.persistent.connection_string";
};

/** Prints the addresses, keys and so on of a draft. */
export const describeDraft = (draft: RunningDraft, detached: boolean, ui: Ui): void => {
  const { formation, agents, serverUrl, draftUrl, directUrl, clientKey, adminKey } = draft;
  ui.success(`Started ${formation.id}`);
  ui.line();
  ui.fields(
    {
      Server: serverUrl,
      Draft: draftUrl,
      Direct: directUrl,
      "Client key": clientKey,
      "Admin key": adminKey,
      Agents: agents.map(({ id }) => id).join(", "),
      Model: modelsOf(agents),
      Data: dataOf(formation),
      "Talk to it": 'npx muxi chat "Hello"',
      "To stop": detached
        ? `npx muxi down ${formation.id}`
        : `Ctrl+C, or in another terminal: npx muxi down ${formation.id}`,
    },
    "  ",
  );
  ui.line();
};
