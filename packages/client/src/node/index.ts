/** A response of undici as a web standard one. */
export { ResponseHandler } from "./response-handler.ts";
