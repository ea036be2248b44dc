"""Our own Chatterbox: the same network as upstream's, run as fast as the device allows."""
