import { cannotWait, createSopReader, readSopFile, type Sop } from "@muxi/formation";
import { newId } from "@muxi/protocol";
import type { Logger } from "pino";
import type { Embedders } from "../models/index.ts";
import { tasksOf } from "../work/index.ts";
import { createProcedureMatch } from "./procedure-match.ts";
import { createProcedureVectors } from "./procedure-vectors.ts";
import type { WorkPlan } from "./work-plan.ts";

/** What a procedure makes of a message: tasks, or an instruction for the agent that answers. */
export type Applied = { plan: WorkPlan } | { instruction: string };

/** The standard operating procedures of a formation. */
export interface Procedures {
  /** What the procedure that a message means makes of it; undefined when it means none. */
  apply(message: string): Promise<Applied | undefined>;
  close(): Promise<void>;
}

export interface ProceduresDeps {
  /** Folder of the formation. */
  dir: string;
  embedders: Pick<Embedders, "ofMemories" | "vectorOf">;
  log: Logger;
}

/** Milliseconds after which the files are looked at again. */
const lookAgainAfter = 1_000;

const guide = ({ mode, title, content }: Sop): string => {
  const steer =
    mode === "template"
      ? "Follow this procedure as it is written."
      : "Take this procedure as a guide to the goal; adapt its steps where the request needs it.";
  return `${steer}\n\n${title}\n${content.trim()}`;
};

/** Matches messages with the procedures as their files are (docs/spec/formation-files.md "Matching a procedure"). */
export const openProcedures = async ({ dir, embedders, log }: ProceduresDeps): Promise<Procedures> => {
  const read = createSopReader(dir);
  const { ofMemories: model, vectorOf } = embedders;
  const vectors = model && createProcedureVectors({ model, vectorOf, log });
  let found: readonly Sop[] = [];
  let sops = found;
  let match = createProcedureMatch(sops);

  const look = async () => {
    const before = found;
    found = await read();
    if (found === before) return;
    for (const { file } of found.filter(cannotWait))
      log.error(
        { file },
        `${file} is not followed: its bypass_approval cannot be enforced without numbered steps and mode template`,
      );
    sops = found.filter((sop) => !cannotWait(sop));
    match = createProcedureMatch(sops);
    vectors?.follow(sops);
  };
  await look();
  let lookedAt = performance.now();
  let looking: Promise<void> | undefined;

  /** Whoever comes while the files are looked at waits for that. */
  const current = (): Promise<void> | undefined => {
    if (performance.now() - lookedAt < lookAgainAfter) return looking;
    lookedAt = performance.now();
    looking = look()
      .catch((error) => log.error({ err: error }, "sops/ cannot be read: procedures stay as they were"))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  /** The files that the steps name. They are read once, so that a request keeps the text that it began with. */
  const filesOf = async ({ name, file, steps }: Sop): Promise<WorkPlan["files"]> => {
    const named = new Set(steps.flatMap(({ files }) => files));
    const texts = await Promise.all(
      [...named].map(async (path) => {
        const found = await readSopFile(dir, file, path);
        if ("text" in found) return [path, found.text];
        log.warn({ procedure: name, file: path }, `a step cannot read its file: ${found.problem.message}`);
        return [path, "(It cannot be read)"];
      }),
    );
    return Object.fromEntries(texts);
  };

  const planOf = async (sop: Sop): Promise<WorkPlan> => ({
    id: newId("workflow"),
    procedure: { name: sop.name, title: sop.title },
    about: sop.about,
    files: await filesOf(sop),
    synthesis: sop.synthesis,
    mustBeApproved: sop.mustBeApproved,
    tasks: tasksOf(sop),
  });

  return {
    async apply(message) {
      await current();
      if (sops.length === 0) return undefined;
      const sop = match.called(message) ?? match.said(message) ?? (await vectors?.nearest(message));
      if (!sop) return undefined;
      return sop.mode === "template" && sop.steps.length > 0
        ? { plan: await planOf(sop) }
        : { instruction: guide(sop) };
    },
    close: async () => vectors?.close(),
  };
};
