/** Triggers: templates that turn data into the message of a request. */
export { dataFieldsOf, renderTemplate } from "./template.ts";
