// Lining loudspeakers up through a microphone: the chirps that each plays, the microphone that records them, how late each
// was, and how far two phones lie apart. A door of its own, so that only who measures fetches it.

export { type Distance, distanceOf } from "./distance.ts";
export { delaysFor, type Heard, type Lateness } from "./lateness.ts";
export type { Recording } from "./listen.ts";
export { hearInWorker, measureInWorker } from "./measure-aside.ts";
export { type Microphone, type MicrophoneError, openMicrophone } from "./microphone.ts";
export { timetable } from "./timetable.ts";
