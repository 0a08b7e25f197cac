/** HTTP below the API: requests and answers, which path leads where, what a body holds, and requests that are none. */

export { readJson } from "./body.ts";
export { compressed } from "./compression.ts";
export { type HttpRequest, nodeRequest, plainRequest } from "./request.ts";
export { type HttpResponse, PlainHttpResponse } from "./response.ts";
export { createRouter } from "./router.ts";
export { unreadableFailure } from "./unreadable-failure.ts";
