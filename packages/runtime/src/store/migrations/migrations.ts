import { firstSchema } from "./0001-first-schema.ts";
import { requestsByTime } from "./0002-requests-by-time.ts";
import { roomForRequestUpdates } from "./0003-room-for-request-updates.ts";
import { turnsOfASession } from "./0004-turns-of-a-session.ts";
import { versionOfWords } from "./0005-version-of-words.ts";
import { titleOfAJob } from "./0006-title-of-a-job.ts";
import { creationsOfJobs } from "./0007-creations-of-jobs.ts";
import { tokensOfARequest } from "./0008-tokens-of-a-request.ts";
import { lessonsOfUsers } from "./0009-lessons-of-users.ts";
import { agentOfARequest } from "./0010-agent-of-a-request.ts";
import { hintsAsRows } from "./0011-hints-as-rows.ts";
import { ageOfRows } from "./0012-age-of-rows.ts";
import { deliveriesOfRequests } from "./0013-deliveries-of-requests.ts";
import { knowledgeTables } from "./0014-knowledge.ts";
import { listsByTime } from "./0015-lists-by-time.ts";
import { stateOfKnowledge } from "./0016-state-of-knowledge.ts";
import { originsOfMemories } from "./0017-origins-of-memories.ts";
import { vectorsOfPassages } from "./0018-vectors-of-passages.ts";
import { keysOfPassages } from "./0019-keys-of-passages.ts";
import { sourcesElsewhere } from "./0020-sources-elsewhere.ts";
import { approvalsOfTools } from "./0021-approvals-of-tools.ts";
import { changesOfDocuments } from "./0022-changes-of-documents.ts";
import { runsThatWait } from "./0023-runs-that-wait.ts";
import { deletedUsers } from "./0024-deleted-users.ts";
import { summariesOfSessions } from "./0025-summaries-of-sessions.ts";
import { usageByDay } from "./0026-usage-by-day.ts";
import type { Migration } from "./migration.ts";

/** The schema's history. A released migration is never changed: a change is a new one at the end. */
export const migrations: readonly Migration[] = [
  firstSchema,
  requestsByTime,
  roomForRequestUpdates,
  turnsOfASession,
  versionOfWords,
  titleOfAJob,
  creationsOfJobs,
  tokensOfARequest,
  lessonsOfUsers,
  agentOfARequest,
  hintsAsRows,
  ageOfRows,
  deliveriesOfRequests,
  knowledgeTables,
  listsByTime,
  stateOfKnowledge,
  originsOfMemories,
  vectorsOfPassages,
  keysOfPassages,
  sourcesElsewhere,
  approvalsOfTools,
  changesOfDocuments,
  runsThatWait,
  deletedUsers,
  summariesOfSessions,
  usageByDay,
];
