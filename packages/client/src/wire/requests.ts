/** Requests and events (contract/formation-api.md 4.3, 4.5, 5.2, 6). */

/** A chat that was taken on in the background. */
export interface ChatAccepted {
  request_id: string;
  status: "processing";
}

/** A request, and how it stands. */
export interface RequestSummary {
  request_id: string;
  user_id: string;
  status:
    | "pending"
    | "processing"
    | "running"
    | "awaiting_clarification"
    | "completed"
    | "failed"
    | "cancelled";
  progress: string | null;
  /** Unix seconds. */
  created_at: number;
  /** Unix seconds; absent or null until the end. */
  completed_at?: number | null;
  error?: string;
}

/** Requests that the server still knows. */
export interface RequestList {
  requests: RequestSummary[];
  count: number;
}

/** How a request stands, and its result. */
export interface RequestStatus extends RequestSummary {
  /** The answer, once completed. */
  result?: string | Record<string, unknown>;
}

/** Something that happened in a formation; `type` begins with `chat.`, `agent.`, `workflow.` or `task.`. */
export interface FormationEvent {
  type: string;
  timestamp: unknown;
  message: string;
  session_id: string | null;
  request_id: string | null;
}
