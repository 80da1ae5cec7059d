"""A peer without a browser: `unisono join`. Needs the extra `unisono[peer]`.

Pure cores, told the time: keys, announcement, envelope, peer_message, director, offset, shared_clock,
play_clock, transfer, timeline. Thin edges: control_link, link, store, decode, recorder, device, session.
"""
