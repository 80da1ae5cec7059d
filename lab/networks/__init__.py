"""Networks of our own: namespaces on a switch, with addresses, blocked paths and slow uplinks."""
