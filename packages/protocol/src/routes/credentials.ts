import * as z from "zod";
import {
  credentialCreateSchema,
  credentialDeletedSchema,
  credentialListSchema,
  credentialSchema,
  credentialServiceListSchema,
} from "../credentials.ts";
import { lazy } from "../lazy.ts";
import { type Route, route } from "../route.ts";
import { id } from "./parameters.ts";

const ofUser = { tag: "Credentials", key: "either", user: "required", object: "credential" } as const;
const credentialId = lazy(() => z.object({ credential_id: id("Id of the credential") }));

/** What users give the formation to act for them (docs/spec/formation-api.md "Credentials"). */
export const credentialsRoutes = {
  getCredentialServices: route({
    method: "GET",
    path: "/credentials/services",
    summary: "Services for which users may store credentials",
    tag: "Credentials",
    key: "either",
    object: "credential_list",
    type: "credentials.listed",
    data: credentialServiceListSchema,
  }),
  getCredentials: route({
    ...ofUser,
    method: "GET",
    path: "/credentials",
    summary: "The user's credentials, none of them readable",
    object: "credential_list",
    type: "credentials.listed",
    data: credentialListSchema,
  }),
  createCredential: route({
    ...ofUser,
    method: "POST",
    path: "/credentials",
    summary: "Store a credential of the user",
    status: 201,
    body: credentialCreateSchema,
    type: "credentials.created",
    data: credentialSchema,
    errors: ["VALIDATION_ERROR", "CONFLICT"],
  }),
  getCredential: route({
    ...ofUser,
    method: "GET",
    path: "/credentials/{credential_id}",
    summary: "One credential of the user, not readable",
    params: credentialId,
    type: "credentials.retrieved",
    data: credentialSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  deleteCredential: route({
    ...ofUser,
    method: "DELETE",
    path: "/credentials/{credential_id}",
    summary: "Remove one credential of the user",
    params: credentialId,
    type: "credentials.deleted",
    data: credentialDeletedSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
