/**
 * Numbers of advisory locks: any ones, the same for all processes. They are held while the schema is brought up to
 * date, by writers that take turns, and by those whose condition counts what others write.
 */
export const [migrationLock, turnLock, countLock] = [7_041_776, 7_041_777, 7_041_778];
