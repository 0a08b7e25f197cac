import { isoTime } from "../base/index.ts";
import type { Identities, UserData } from "../users/index.ts";
import { type Endpoints, streamed } from "./endpoint.ts";
import { answerLines } from "./lines.ts";
import { readPart } from "./list-page.ts";

type Resolved = Awaited<ReturnType<Identities["lookUp"]>>;

const wireUser = ({ identifier, user }: Resolved) => ({
  identifier,
  muxi_user_id: user.id,
  internal_user_id: user.owner,
});

/** The endpoints of docs/spec/formation-api.md "User identifiers". */
export const userEndpoints = (identities: Identities) =>
  ({
    async lookUpUser({ params: { identifier } }) {
      return wireUser(await identities.lookUp(identifier));
    },

    async resolveUser({ body: { identifier, identifier_type, create_user } }) {
      if (create_user === false) return wireUser(await identities.lookUp(identifier));
      return wireUser(await identities.resolve({ identifier, type: identifier_type ?? "unknown" }));
    },

    async getUserIdentifiers({ params: { identifier } }) {
      const { user, identifiers } = await identities.list(identifier);
      return {
        muxi_user_id: user.id,
        internal_user_id: user.owner,
        identifiers: identifiers.map(({ identifier, type, createdAt }) => ({
          identifier,
          type,
          created_at: isoTime(createdAt),
        })),
        count: identifiers.length,
      };
    },

    async getAllUserIdentifiers({ query }) {
      const { rows, next } = await readPart(
        query,
        (page) => identities.listAll(page),
        ({ createdAt: at, identifier: name }) => ({ at, name }),
      );
      return {
        identifiers: rows.map(({ identifier, type, userId, createdAt }) => ({
          identifier,
          type,
          muxi_user_id: userId,
          created_at: isoTime(createdAt),
        })),
        count: rows.length,
        next,
      };
    },

    async addUserIdentifiers({ body: { muxi_user_id, identifiers } }) {
      const user = await identities.associate(muxi_user_id ?? undefined, identifiers);
      return { muxi_user_id: user.id, identifiers, count: identifiers.length };
    },

    async deleteUserIdentifier({ params: { identifier } }) {
      const userId = await identities.unlink(identifier);
      return { message: `'${identifier}' is no longer known as user ${userId}`, muxi_user_id: userId };
    },
  }) satisfies Partial<Endpoints>;

/** The endpoints of docs/spec/formation-api.md "A user's whole data". */
export const userDataEndpoints = (userData: UserData) =>
  ({
    async exportUser({ params: { identifier }, response }) {
      await answerLines(response, await userData.export(identifier));
      return streamed;
    },

    async deleteUser({ params: { identifier } }) {
      const { userId, rows } = await userData.delete(identifier);
      return { identifier, muxi_user_id: userId, deleted: rows };
    },
  }) satisfies Partial<Endpoints>;
