"""Live reading: what members write is said in the voice channel."""
