"""The product as people use it: real browsers, real WebRTC, real sound through the speaker rig."""
