/**
 * Numbers of advisory locks: arbitrary, but the same for all processes. They are held by `migratePostgres`,
 * `writeInOrder` and `writeIfAlone`.
 */
export const [migrationLock, turnLock, countLock] = [7_041_776, 7_041_777, 7_041_778];
