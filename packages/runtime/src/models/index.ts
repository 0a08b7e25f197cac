/** Language models behind one interface: providers over HTTP, and the built-in model that needs none. */
export { createDispatcher, createModel, type ModelDeps } from "./create-model.ts";
export { defaultModelConfig } from "./default-model.ts";
export { ModelError } from "./errors.ts";
export type * from "./model.ts";
