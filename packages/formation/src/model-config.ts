/** A model as a formation configures it, with everything that a call needs (contract/formation.md 2.4). */
export interface ModelConfig {
  /** `provider/name`, aliases resolved. */
  id: string;
  provider: string;
  /** What the provider calls it; may hold slashes. */
  name: string;
  apiKey?: string;
  settings: {
    temperature?: number;
    maxTokens?: number;
    /** Per call, until the first byte and between two reads. */
    timeoutSeconds: number;
    /** Extra tries after a transient failure. */
    maxRetries: number;
    /** Root of an OpenAI-compatible (or of the provider's own) API. */
    baseUrl?: string;
  };
  /** Asked once the tries are used up. */
  fallback?: ModelConfig;
}
