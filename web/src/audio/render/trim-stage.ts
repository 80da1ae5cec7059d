// How a device's loudspeaker is corrected by ear (rule P91): a gain and two shelves between the queue and the volume, so that what is
// queued already follows. dB.

import type { Trim } from "../role.ts";

/** Below voices, and above them. */
const BASS_HZ = 200;
const TREBLE_HZ = 4_000;
/** No click, and still at once to a finger on the slider. */
const RAMP_SEC = 0.03;

export class TrimStage {
  readonly input: AudioNode;
  readonly #context: BaseAudioContext;
  readonly #bass: AudioParam;
  readonly #treble: AudioParam;
  readonly #gain: AudioParam;

  constructor(context: BaseAudioContext, destination: AudioNode) {
    const bass = shelf(context, "lowshelf", BASS_HZ);
    const treble = shelf(context, "highshelf", TREBLE_HZ);
    const gain = context.createGain();
    bass.connect(treble);
    treble.connect(gain);
    gain.connect(destination);
    this.input = bass;
    this.#context = context;
    this.#bass = bass.gain;
    this.#treble = treble.gain;
    this.#gain = gain.gain;
  }

  set({ gainDb, bassDb, trebleDb }: Trim): void {
    const { currentTime } = this.#context;
    const change = (param: AudioParam, value: number) =>
      param.setTargetAtTime(value, currentTime, RAMP_SEC / 3);
    change(this.#bass, bassDb);
    change(this.#treble, trebleDb);
    change(this.#gain, 10 ** (gainDb / 20));
  }
}

/** At 0 dB it hands on what it gets, sample by sample. */
function shelf(context: BaseAudioContext, type: BiquadFilterType, hz: number): BiquadFilterNode {
  const filter = context.createBiquadFilter();
  filter.type = type;
  filter.frequency.value = hz;
  filter.gain.value = 0;
  // A segment of one channel after one of two would begin the filter anew, with a click.
  filter.channelCount = 2;
  filter.channelCountMode = "explicit";
  return filter;
}
