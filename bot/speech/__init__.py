"""From a text and a voice to clips that can be played."""
