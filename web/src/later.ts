// What only a swarm needs, in one file: the session and its screens. Fetched while the join screen is looked at, not before it
// works.

export * from "./app/session-parts.ts";
export * from "./ui/screens/swarm.tsx";
