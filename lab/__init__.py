"""What tests and benchmarks share: the speaker rig, browsers, networks, whole rooms, servers and peers."""
