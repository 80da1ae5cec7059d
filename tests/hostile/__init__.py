"""What a hostile server, member or stranger can do: nothing that lasts, and nothing unseen."""
