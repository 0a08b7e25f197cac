/** One adapter for each API of model providers. */
export { createAiSdkModel, failureOfPackage, loadProvider } from "./ai-sdk.ts";
export { compatibleProviders } from "./compatible.ts";
export { endpoint } from "./endpoint.ts";
export { type ImportPackage, isFunction, packagesOf } from "./import-package.ts";
export { lackOf, missingKey, needsNoKey } from "./lack.ts";
export { createOpenAiCompatibleModel } from "./openai-compatible.ts";
export { ownApis } from "./own-apis.ts";
export { wholeAnswer } from "./whole-answer.ts";
