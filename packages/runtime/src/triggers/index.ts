/** Triggers: templates that turn data into a request. */
export { dataFieldsOf, renderTemplate } from "./template.ts";
