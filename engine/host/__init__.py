"""The Discord process's side of the worker: queue, restarts, frames. Never imports torch."""
