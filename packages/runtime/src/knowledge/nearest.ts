import { setImmediate as nextTurn } from "node:timers/promises";
import type { Embedders, EmbeddingModel } from "../models/index.ts";
import type { KnowledgeRepository, KnowledgeState, KnowledgeVectorRepository } from "../store/index.ts";
import { type Codes, createCodes, createCompare, nearestOf, normalised } from "../vectors/index.ts";
import type { AgentEmbedder } from "./embedding.ts";
import type { Nearest } from "./search.ts";

/** Codes to read before other requests get their turn. */
const codesPerRead = 2_000;
/** How many of the nearest by code to compare exactly, at most. */
const compared = 256;
/** Codes for each passage from which on they are read anew: those of passages that are gone stay until then. */
const mostForEach = 1.5;

export interface NearestDeps {
  formationId: string;
  stored: KnowledgeRepository;
  vectors: KnowledgeVectorRepository;
  ofAgents: ReadonlyMap<string, AgentEmbedder>;
  embedders: Pick<Embedders, "named" | "vectorOf">;
}

/** The codes of an agent's passages, as they were with the given number of changes. */
interface Loaded {
  codes: Codes;
  changes: number;
}

/**
 * Finds the passages of an agent that are nearest to a question in meaning. None without an embedding model, and none when
 * it does not answer in time.
 */
export const createNearest = (deps: NearestDeps): Nearest => {
  const { formationId, stored, vectors, ofAgents, embedders } = deps;
  const compare = createCompare();
  /** By what an agent knows, and the model. */
  const loaded = new Map<string, Loaded>();
  const loading = new Map<string, Promise<Codes>>();
  /** Models of before, which answer until the vectors of the new one are all there. */
  const former = new Map<string, EmbeddingModel | undefined>();

  const formerModel = (id: string): EmbeddingModel | undefined => {
    if (!former.has(id)) former.set(id, embedders.named(id));
    return former.get(id);
  };

  const servingModel = (agentId: string, { vectorModel }: KnowledgeState): EmbeddingModel | undefined => {
    const own = ofAgents.get(agentId)?.model;
    return vectorModel === "" || vectorModel === own?.id ? own : (formerModel(vectorModel) ?? own);
  };

  const load = async (key: string, { seq, passages, vectors: changes }: KnowledgeState, model: string) => {
    const before = loaded.get(key)?.codes;
    const codes = before && before.size <= passages * mostForEach ? before : createCodes(compare);
    while (true) {
      const rows = await vectors.codes(seq, model, codes.lastSeq, codesPerRead);
      codes.add(rows);
      if (rows.length < codesPerRead) break;
      await nextTurn();
    }
    loaded.set(key, { codes, changes });
    return codes;
  };

  /** The codes of what an agent knows, with those that this or any other process has added since the last time. */
  const current = (key: string, state: KnowledgeState, model: string): Promise<Codes> => {
    const known = loaded.get(key);
    if (known?.changes === state.vectors) return Promise.resolve(known.codes);
    const running = loading.get(key);
    if (running) return running;
    const work = load(key, state, model).finally(() => loading.delete(key));
    loading.set(key, work);
    return work;
  };

  return async (agentId, question, limit) => {
    if (!ofAgents.has(agentId)) return [];
    const state = await stored.state(formationId, agentId);
    const model = state && servingModel(agentId, state);
    if (!model || state.vectors === 0) return [];
    const key = `${state.seq} ${model.id}`;
    const [codes, asked] = await Promise.all([
      current(key, state, model.id),
      embedders.vectorOf(model, question),
    ]);
    if (!asked || codes.size === 0) return [];
    const wanted = normalised(asked);
    const find = (among: Codes) =>
      nearestOf(wanted, among.nearest(wanted, compared), (ids) => vectors.vectors(model.id, ids), {
        limit,
        least: 0,
      });
    let { best, areGone } = await find(codes);
    if (areGone) {
      loaded.delete(key);
      ({ best } = await find(await current(key, state, model.id)));
    }
    return best.map(({ id, similarity }) => ({ id, score: similarity }));
  };
};
