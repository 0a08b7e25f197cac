/** Vectors of texts: stored in few bytes, and found again by how near they are to another. */
export { binaryCodeOf, type CodedVector, type Codes, createCodes } from "./codes.ts";
export { createCompare } from "./distances.ts";
export { nearestOf, normalised, type Similar } from "./nearest.ts";
export { packed, similarity } from "./packed.ts";
