"""What token decoding and sound share on a GPU: compiling, launching and capturing kernels."""
