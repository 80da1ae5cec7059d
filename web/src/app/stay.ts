// What is needed only once somebody joins: loaded while the join screen is being looked at, not before it works.

export { keysOfSession } from "../control/index.ts";
export { openBestStore } from "../swarm/index.ts";
export { LocalNetwork } from "./local-network.ts";
export { SwarmSession } from "./swarm-session.ts";
