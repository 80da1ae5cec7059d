"""`unisono serve --workers N`: one address, N processes, each with its own swarms, clock and event loop.

    supervisor (one): listens, answers STUN and /metrics, starts workers and starts them again
    worker (N): accepts from the one listening socket, serves pages, and the swarms of its own shards

Which worker a swarm lives in follows from the shard in the first request alone (`routing`). A worker that
accepts a connection of another one's shard passes its socket on (`handover`), or, under TLS, its bytes
(`relay`). Workers share no swarm and no message, only counts of connections for each network address
(`shared`).
"""
