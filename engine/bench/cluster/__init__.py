"""What a Ray cluster of this machine costs and brings, beside workers on pipes."""
