// Lining loudspeakers up through a microphone: the chirps that each plays, the microphone that records them, and how late each
// was. A door of its own, so that only who measures fetches it.

export { delaysFor, type Lateness } from "./lateness.ts";
export type { Recording } from "./listen.ts";
export { measureInWorker } from "./measure-aside.ts";
export { type Microphone, type MicrophoneError, openMicrophone } from "./microphone.ts";
