/** What the user sees: results on stdout, everything else on stderr (docs/spec/cli.md "Output"). */
export { type Colours, coloursFor } from "./colours.ts";
export { showError } from "./error.ts";
export { logLine } from "./log-line.ts";
export { progressBar } from "./progress-bar.ts";
export { startSpinner } from "./spinner.ts";
export { at, duration, paintStatus, size, statusText, table } from "./table.ts";
export { createUi, type OutputFormat, outputFormats, type Ui } from "./ui.ts";
export { showWarnings, warnOfPlainHttp, warnOfProblems } from "./warnings.ts";
