"""The laboratory: a loudspeaker rig, browsers, networks and rooms of them, for tests and benchmarks alike."""
