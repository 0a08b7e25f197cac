/** The model `builtin/extractive`: answers by rule and by quoting, without weights. */
export { builtInModelId, createBuiltInModel } from "./built-in.ts";
