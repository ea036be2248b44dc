"""What token decoding and sound share on a GPU: launching, capturing, trying Triton."""
