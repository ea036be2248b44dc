"""Speech and figures over HTTP, for programs and for who runs the bot. Off by default."""
