/** Files of a formation's folder, read safely and written whole, and what there is to say about them. */
export { createAtomically, writeAtomically } from "./atomic.ts";
export {
  type Mapping,
  type ReadResult,
  readSource,
  readTextInside,
  resolveInside,
  type SourceFile,
} from "./files.ts";
export { findManifest, type Location, locateFormation } from "./locate.ts";
export {
  dottedPath,
  emptyReport,
  type Finding,
  FormationError,
  formatErrors,
  formatReport,
  mergeReport,
  type Path,
  type Report,
} from "./report.ts";
export { isMissing, isSystemError, systemCode } from "./system-error.ts";
