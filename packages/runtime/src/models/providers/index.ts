/** One adapter for each wire that model providers speak. */
export { createAiSdkModel, type ImportPackage } from "./ai-sdk.ts";
export { createAnthropicModel } from "./anthropic.ts";
export { compatibleProviders } from "./compatible.ts";
export { endpoint } from "./endpoint.ts";
export { createGoogleModel } from "./google.ts";
export { createOpenAiCompatibleModel } from "./openai-compatible.ts";
