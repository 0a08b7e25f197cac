import { loadFormation } from "@muxi/formation";
import { FormationClient } from "muxi-client";
import { showWarnings, type Ui } from "../../ui/index.ts";
import { agentsWithDocuments } from "./changes.ts";
import type { RunningDraft } from "./describe.ts";

/** Has a draft read documents that have changed, while it answers (docs/spec/cli.md "Watching files"). */
export const readDocuments = async (
  { formation, directUrl, adminKey }: RunningDraft,
  files: readonly string[],
  { env, ui }: { env: NodeJS.ProcessEnv; ui: Ui },
): Promise<void> => {
  const client = new FormationClient({ url: directUrl, adminKey });
  const named = files.join(", ");
  try {
    const { report } = await loadFormation(formation.dir, { env });
    showWarnings(report, ui);
    const read = await ui.during(`Reading ${named}...`, () =>
      Promise.all(
        agentsWithDocuments(formation, files).map((agentId) =>
          client.syncKnowledge({ agentId }, { timeout: 0 }),
        ),
      ),
    );
    ui.data({ formation_id: formation.id, documents: files, agents: read });
    ui.success(`Read again: ${named}`);
  } catch (error) {
    const title = `Not known to be read: ${named}`;
    const detail = [error instanceof Error ? error.message : String(error)];
    ui.data({ formation_id: formation.id, problem: title, detail });
    ui.problem(title, detail);
  }
};
