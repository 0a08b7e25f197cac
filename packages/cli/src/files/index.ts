/** What the command remembers between two runs: the files of contract/cli.md 2.1 and 2.2. */
export {
  changeFormationPreferences,
  formationPreferences,
  setDefaultUser,
  userIdFor,
} from "./preferences.ts";
export {
  type Profile,
  type Profiles,
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
