/** What the command remembers between two runs: the files of contract/cli.md 2.1 and 2.2. */
export { userIdFor } from "./preferences.ts";
export {
  forgetFormation,
  rememberFormation,
  type SavedFormation,
  savedFormations,
} from "./saved-formations.ts";
