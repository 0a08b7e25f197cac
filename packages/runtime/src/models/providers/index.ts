/** One adapter for each wire that model providers speak. */
export { createAiSdkModel, type ImportPackage } from "./ai-sdk.ts";
export { compatibleProviders } from "./compatible.ts";
export { endpoint } from "./endpoint.ts";
export { createOpenAiCompatibleModel } from "./openai-compatible.ts";
export { ownApis } from "./own-apis.ts";
