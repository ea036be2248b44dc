"""Whatever imports upstream's own code."""
