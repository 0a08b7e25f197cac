import type { ListPage } from "./list-page.ts";

/** The ids of a document's passages begin with its number times this: none has so many. */
export const passagesOfOne = 1_000_000;

/** What an agent knows, as a search needs it. */
export interface KnowledgeState {
  seq: number;
  /** Grows with every change. */
  version: number;
  /** How many passages there are. */
  passages: number;
  /** Grows with every change of their vectors. */
  vectors: number;
  /** The model of whose vectors none was missing when they were last made; empty before that. */
  vectorModel: string;
}

/** What an agent knows, in numbers. Times are Unix milliseconds. */
export interface KnowledgeOverview {
  seq: number;
  agentId: string;
  /** Documents that are there, those among them that cannot be read, and passages of the others. */
  documents: number;
  unread: number;
  passages: number;
  /** How many documents the process that indexes has looked at, of those that it found. */
  looked: number;
  found: number;
  /** When the sources were last looked at, and when that was last asked for; 0 for never. */
  indexedAt: number;
  askedAt: number;
  /** Whose turn to index it is, or was, and until when. */
  holder: string;
  until: number;
}

/** Which documents of an agent to list. */
export interface DocumentPage extends ListPage {
  state?: "ready" | "unread" | undefined;
}

/** Some documents of an agent. */
export interface DocumentFilter {
  /** What they are called, whatever the case; `*` stands for any characters, `?` for one. */
  source?: string | undefined;
  /** The folder that they are in, or below which. */
  path?: string | undefined;
  /** When they were changed, in Unix milliseconds: not before, and before. */
  from?: number | undefined;
  to?: number | undefined;
}

/** A document that was read, or could not be. */
export interface KnowledgeDocument {
  seq: number;
  /** File, relative to the formation, or its address. */
  source: string;
  /** Which source elsewhere it came from; empty for those of the formation's folder. */
  origin: string;
  /** By what a source elsewhere tells whether it has changed, as JSON. */
  version: string | null;
  /** Of its content and of all that makes passages of it: with the same digest they are the same. */
  digest: string;
  /** `writing` and `leaving` are seen by no search: what a process that ended has left. */
  state: "writing" | "ready" | "unread" | "leaving";
  /** Why it could not be read, as JSON; null when it was. */
  failure: string | null;
  passages: number;
  indexedAt: number;
}

export interface StoredPassage {
  id: number;
  /** What it is known by; null where a version before has written it. */
  key: string | null;
  content: string;
  /** Where it stands, as JSON. */
  place: string;
  source: string;
  origin: string;
}

/** A document that searches may see. */
export type OutlinedDocument = Pick<KnowledgeDocument, "seq" | "source" | "origin" | "passages">;

/** A passage as the outline of its document needs it. */
export interface OutlinedPassage {
  id: number;
  /** Characters. */
  size: number;
  /** How its text begins. */
  beginning: string;
  /** Where it stands, as JSON. */
  place: string;
}

/** A word of a document: how much it weighs in which passages. */
export interface DocumentWord {
  word: string;
  /** Its greatest weight. */
  best: number;
  /** How many passages have it. */
  passages: number;
  /** Pairs of a passage's position and the word's weight in it, separated by commas, the greatest weights first. */
  places: string;
}

/** Where a word stands. */
export interface WordPlaces {
  word: string;
  /** How many passages have it. */
  passages: number;
  /** For each document its number, then pairs as in `DocumentWord`; the greatest weights first. */
  documents: number[][];
}
