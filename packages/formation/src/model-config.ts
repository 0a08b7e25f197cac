/** The configuration of a model, complete for a call (docs/spec/formation-files.md "Choosing a model"). */
export interface ModelConfig {
  /** `provider/name`, aliases resolved. */
  id: string;
  provider: string;
  /** The provider's name for it; may contain slashes. */
  name: string;
  apiKey?: string;
  settings: {
    temperature?: number;
    maxTokens?: number;
    /** For the first byte of an answer, and between two parts of it. */
    timeoutSeconds: number;
    /** Further attempts after a transient failure. */
    maxRetries: number;
    /** Root of an OpenAI-compatible API, or of the provider's own. */
    baseUrl?: string;
  };
  /** Used when all attempts have failed. */
  fallback?: ModelConfig;
}
