// What two peers say to each other through the sealed relay until they are connected. A session names one
// RTCPeerConnection; whatever speaks of another session than the current one is stale and ignored.

export { type Signal, signalSchema } from "../../protocol/signal.gen.ts";
