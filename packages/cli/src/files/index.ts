/**
 * What the command remembers between runs: the files of docs/spec/cli.md "Files of the user" and "Files of a
 * formation".
 */
export { chatHistory, mostMessages, rememberLine } from "./history.ts";
export {
  changeFormationPreferences,
  defaultUser,
  formationPreferences,
  setDefaultUser,
  userIdFor,
} from "./preferences.ts";
export {
  type Profile,
  readProfiles,
  removeProfile,
  saveProfile,
  setDefaultProfile,
} from "./profiles.ts";
export {
  forgetFormation,
  rememberFormation,
  type SavedFormation,
  savedFormations,
} from "./saved-formations.ts";
