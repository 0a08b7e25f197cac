/** What the user sees: results on stdout, everything else on stderr (contract/cli.md 1.3). */
export { showError } from "./error.ts";
export { createUi, type OutputFormat, outputFormats, type Ui } from "./ui.ts";
