"""The voice connection: one session per server, from join to leave."""
