import * as z from "zod";
import { lazy } from "../base/index.ts";
import {
  allUserIdentifiersQuerySchema,
  allUserIdentifiersSchema,
  identifierAssociationSchema,
  identifierDeletedSchema,
  identifierSchema,
  identifiersAssociatedSchema,
  muxiUserIdSchema,
  resolvedUserSchema,
  resolveUserSchema,
  userDataLineSchema,
  userDeletedSchema,
  userIdentifierListSchema,
} from "../schemas/index.ts";
import { type Route, route } from "./route.ts";

// Both are called `identifier`: paths that differ in nothing else are one path to OpenAPI.
const userId = lazy(() =>
  z.object({ identifier: muxiUserIdSchema().describe("Id of the user, `usr_` and 12 hex digits") }),
);
const identifier = lazy(() =>
  z.object({ identifier: identifierSchema().describe("Identifier of the user, such as an e-mail address") }),
);

const userOrIdentifier = lazy(() =>
  z.object({
    identifier: identifierSchema().describe("Identifier of the user, or their id, `usr_` and 12 hex digits"),
  }),
);

/** Users and what they are known by (docs/spec/formation-api.md "User identifiers"). */
export const usersRoutes = {
  resolveUser: route({
    method: "POST",
    path: "/users/resolve",
    summary: "Get the user behind an identifier, or make one",
    tag: "Users",
    body: resolveUserSchema,
    object: "user",
    type: "user.resolved",
    data: resolvedUserSchema,
    errors: ["INVALID_REQUEST", "RESOURCE_NOT_FOUND"],
  }),
  getAllUserIdentifiers: route({
    method: "GET",
    path: "/users/identifiers",
    summary: "List the identifiers of all users",
    tag: "Users",
    key: "admin",
    query: allUserIdentifiersQuerySchema,
    object: "user_identifier_list",
    type: "user.identifiers.list",
    data: allUserIdentifiersSchema,
    errors: [],
  }),
  addUserIdentifiers: route({
    method: "POST",
    path: "/users/identifiers",
    summary: "Give identifiers to a user; those of another user move",
    tag: "Users",
    key: "either",
    body: identifierAssociationSchema,
    object: "user_identifier_list",
    type: "user.identifiers.associated",
    data: identifiersAssociatedSchema,
    errors: ["INVALID_REQUEST", "RESOURCE_NOT_FOUND"],
  }),
  getUserIdentifiers: route({
    method: "GET",
    path: "/users/identifiers/{identifier}",
    summary: "List the identifiers of a user",
    tag: "Users",
    key: "either",
    params: userId,
    object: "user_identifier_list",
    type: "user.identifiers.list",
    data: userIdentifierListSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  deleteUserIdentifier: route({
    method: "DELETE",
    path: "/users/identifiers/{identifier}",
    summary: "Remove an identifier from its user",
    tag: "Users",
    key: "either",
    params: identifier,
    object: "message",
    type: "user.identifier.deleted",
    data: identifierDeletedSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  exportUser: route({
    method: "GET",
    path: "/users/{identifier}/export",
    summary: "Export all that is stored of a user, as JSON Lines",
    tag: "Users",
    key: "admin",
    params: userOrIdentifier,
    object: "user_export",
    type: "user.exported",
    data: userDataLineSchema,
    lines: userDataLineSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  deleteUser: route({
    method: "DELETE",
    path: "/users/{identifier}",
    summary: "Delete a user with all that is stored of them",
    tag: "Users",
    key: "admin",
    params: userOrIdentifier,
    object: "user",
    type: "user.deleted",
    data: userDeletedSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  lookUpUser: route({
    method: "GET",
    path: "/users/{identifier}",
    summary: "Get the user behind an identifier",
    tag: "Users",
    params: identifier,
    object: "user",
    type: "user.resolved",
    data: resolvedUserSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
