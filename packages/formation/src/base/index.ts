/** Files of a formation's folder, read safely and written whole, and what there is to say about them. */
export { createAtomically, writeAtomically } from "./atomic.ts";
export { type Cron, CronError, looksLikeCron, parseCron } from "./cron.ts";
export type { Environment } from "./environment.ts";
export { isThere, readSource, readTextInside, resolveInside } from "./files.ts";
export { isClutter, isHidden } from "./hidden.ts";
export { findManifest, locateFormation, manifestNames } from "./locate.ts";
export {
  dottedPath,
  emptyReport,
  type Finding,
  FormationError,
  formatErrors,
  formatReport,
  type Path,
  type Report,
} from "./report.ts";
export { type BucketKind, readSourceUrl, type SourceUrl, sourceId } from "./source-url.ts";
export { isMissing, isSystemError, systemCode } from "./system-error.ts";
export { dropRepeatedKeys, type Mapping, parseSource, type SourceFile } from "./yaml.ts";
