/** HTTP in and out: keys, validation, envelope, event streams; one file for each group of endpoints. */
export { createApp } from "./app.ts";
export { chatEndpoint } from "./chat.ts";
export { formationEndpoints } from "./formation.ts";
export type { ApiKeys } from "./keys.ts";
export { cancelEndpoint, requestEventsEndpoint } from "./requests.ts";
export { sessionEndpoints } from "./sessions.ts";
