"""The worker process: `python -m engine.worker`. The only half of Timbre that imports torch."""
