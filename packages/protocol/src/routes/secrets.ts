import {
  confirmationSchema,
  secretCreateSchema,
  secretKeySchema,
  secretListSchema,
  secretSchema,
  secretsReloadedSchema,
  secretUpdateSchema,
} from "../schemas/index.ts";
import { type Route, route } from "./route.ts";

const secret = { tag: "Secrets", key: "admin", object: "secret" } as const;

/** Secrets (docs/spec/formation-api.md "Secrets"). */
export const secretsRoutes = {
  getSecrets: route({
    ...secret,
    method: "GET",
    path: "/secrets",
    summary: "List the secrets, with masked values",
    object: "secret_list",
    type: "secret.list",
    data: secretListSchema,
  }),
  getSecret: route({
    ...secret,
    method: "GET",
    path: "/secrets/{key}",
    summary: "Get the masked value of a secret",
    params: secretKeySchema,
    type: "secret.retrieved",
    data: secretSchema,
    errors: ["SECRET_NOT_FOUND"],
  }),
  createSecret: route({
    ...secret,
    method: "POST",
    path: "/secrets",
    summary: "Store a new secret",
    status: 201,
    body: secretCreateSchema,
    type: "secret.created",
    data: confirmationSchema,
    errors: ["SECRET_EXISTS", "SECRETS_ERROR"],
  }),
  reloadSecrets: route({
    ...secret,
    method: "POST",
    path: "/secrets/reload",
    summary: "Read the file of secrets again",
    type: "secret.reloaded",
    data: secretsReloadedSchema,
    errors: ["SECRETS_ERROR"],
  }),
  updateSecret: route({
    ...secret,
    method: "PUT",
    path: "/secrets/{key}",
    summary: "Set a secret, whether it exists or not",
    params: secretKeySchema,
    body: secretUpdateSchema,
    type: "secret.updated",
    data: confirmationSchema,
    errors: ["SECRETS_ERROR"],
  }),
  deleteSecret: route({
    ...secret,
    method: "DELETE",
    path: "/secrets/{key}",
    summary: "Remove a secret that the formation does not use",
    params: secretKeySchema,
    type: "secret.deleted",
    data: confirmationSchema,
    errors: ["SECRET_NOT_FOUND", "SECRET_IN_USE", "SECRETS_ERROR"],
  }),
} as const satisfies Record<string, Route>;
