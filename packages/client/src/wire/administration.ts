/** Configuration, secrets, logs and the audit log (contract/formation-api.md 4.11 to 4.18, 4.21). */

/** For each agent, which knowledge sources were read again. */
export interface KnowledgeRebuilt {
  agents: Record<string, { rebuilt: unknown; failed: unknown; skipped: unknown }>;
}
