"""Real browsers as devices of a swarm, and the wire between them and the server."""
