/** Commands that act on a running formation, or on what it has stored. */

export { revokeApproval } from "./approvals.ts";
export type { ChangeOptions } from "./change.ts";
export { addCredential, deleteCredential } from "./credentials.ts";
export { addJob, type JobOptions, pauseJob, removeJob, resumeJob, updateJob } from "./jobs.ts";
export type { ExportOptions } from "./lines.ts";
export {
  addMemory,
  type ClearBufferOptions,
  clearBuffer,
  deleteMemory,
  type EditOptions,
  editMemory,
} from "./memory.ts";
export { exportMemories, importMemories } from "./memory-transfers.ts";
export { type AnswerOptions, answerRequest, cancelRequest } from "./requests.ts";
export { restoreSession, rewordMessage, withdrawMessage } from "./sessions.ts";
export { type TriggerOptions, trigger } from "./trigger.ts";
export { type DeleteUserOptions, deleteUser, exportUser, linkUser, unlinkUser } from "./users.ts";
