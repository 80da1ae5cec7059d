"""The speaker rig: virtual loudspeakers, one aligned recording of them all, and what the recording says."""
