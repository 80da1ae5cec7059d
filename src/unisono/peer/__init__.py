"""A peer without a browser: `unisono join`. Needs the extra `unisono[peer]`.

Pure cores, told the time, decide; thin edges (command, session, swarm, mesh, link, control_link, store,
decode, device, recorder, outputs, song_loader) hold sockets, files and sound. tests/test_architecture.py
says which is which.
"""
