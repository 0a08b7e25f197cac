import * as z from "zod";
import { lazy } from "../base/index.ts";
import {
  credentialCreateSchema,
  credentialDeletedSchema,
  credentialListSchema,
  credentialSchema,
  credentialServiceListSchema,
} from "../schemas/index.ts";
import { id } from "./parameters.ts";
import { type Route, route } from "./route.ts";

const ofUser = { tag: "Credentials", key: "either", user: "required", object: "credential" } as const;
const credentialId = lazy(() => z.object({ credential_id: id("Id of the credential") }));

/** What users give the formation to act for them (docs/spec/formation-api.md "Credentials"). */
export const credentialsRoutes = {
  getCredentialServices: route({
    method: "GET",
    path: "/credentials/services",
    summary: "List the services for which users may store credentials",
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
    summary: "List the user's credentials, without their values",
    object: "credential_list",
    type: "credentials.listed",
    data: credentialListSchema,
  }),
  createCredential: route({
    ...ofUser,
    method: "POST",
    path: "/credentials",
    summary: "Store a credential for the user",
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
    summary: "Get one of the user's credentials, without its value",
    params: credentialId,
    type: "credentials.retrieved",
    data: credentialSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  deleteCredential: route({
    ...ofUser,
    method: "DELETE",
    path: "/credentials/{credential_id}",
    summary: "Remove one of the user's credentials",
    params: credentialId,
    type: "credentials.deleted",
    data: credentialDeletedSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
